using System.Diagnostics;
using System.Globalization;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>What a scanner finds at a listener.</summary>
public sealed class TlsScanTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("TLS-1")]
    [Control("TLS-3", "no renegotiation, no static RSA, no export suites")]
    public async Task A_scanner_finds_nothing_old()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/sslscan"), "sslscan is not installed: ./build test installs it");
        using var certificates = new TestCertificates();
        var own = certificates.Issue("localhost");
        await using var upstream = await FakeUpstream.StartAsync();
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
        };
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """address: "127.0.0.1:0", serves: [public], tls: { certificate: edge.pem, key: edge.key }""",
        };
        await using var gateway = await TestGateway.StartAsync(declaration, files);
        var found = await ScanAsync(gateway.AddressOf("edge").Port);

        foreach (var old in new[] { "SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1" }) Assert.Contains(found, l => l.Starts(old) && l.Ends("disabled"));
        foreach (var ours in new[] { "TLSv1.2", "TLSv1.3" }) Assert.Contains(found, l => l.Starts(ours) && l.Ends("enabled"));
        var suites = found.Where(l => l.Starts("Accepted") || l.Starts("Preferred")).ToList();
        Assert.NotEmpty(suites);
        Assert.All(suites, l => Assert.Matches("TLS_AES_|TLS_CHACHA20_|ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20)", l));
        Assert.Contains(found, l => l.Contains("renegotiation not supported", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(found, l => l.Contains("Compression enabled", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(found, l => l.Contains("not vulnerable to heartbleed", StringComparison.Ordinal));
    }

    private static async Task<List<string>> ScanAsync(int port)
    {
        var start = new ProcessStartInfo("/usr/bin/sslscan") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "--no-colour", "--ipv4", "--sni-name=localhost" }) start.ArgumentList.Add(argument);
        start.ArgumentList.Add("127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture));
        using var scan = Process.Start(start)!;
        var said = await scan.StandardOutput.ReadToEndAsync(Cancel).WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        await scan.WaitForExitAsync(Cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        return [.. said.Split('\n', StringSplitOptions.TrimEntries)];
    }
}

internal static class Lines
{
    public static bool Starts(this string line, string with) => line.StartsWith(with, StringComparison.Ordinal);

    public static bool Ends(this string line, string with) => line.EndsWith(with, StringComparison.Ordinal);
}
