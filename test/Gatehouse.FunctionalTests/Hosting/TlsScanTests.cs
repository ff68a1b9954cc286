using System.Diagnostics;
using System.Globalization;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>What a scanner finds at a listener.</summary>
public sealed class TlsScanTests
{
    /// <summary>Shorter than an idle connection may be: what waits for its end does not see that one.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("TLS-1")]
    [Control("TLS-3", "no renegotiation, no static RSA, no export suites")]
    public async Task A_scanner_finds_nothing_old()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/sslscan"), "sslscan is not installed: ./build test installs it");
        using var certificates = new TestCertificates();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(certificates, upstream);
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

    [Theory]
    [InlineData("-tls1_2", "R\n", "RENEGOTIATING")] // asks for another handshake on the connection, which ends then
    [InlineData("-tls1_2", "Q\n", "Compression: NONE")]
    [InlineData("-tls1_3", "Q\n", "Early data was not sent")]
    [Control("TLS-3", "no renegotiation, no compression, no early data")]
    public async Task A_client_cannot_have_what_is_off(string version, string input, string said)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "openssl is not installed");
        using var certificates = new TestCertificates();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(certificates, upstream);
        var address = "127.0.0.1:" + gateway.AddressOf("edge").Port.ToString(CultureInfo.InvariantCulture);
        var answer = await SayAsync("/usr/bin/openssl", input, "s_client", "-connect", address, "-servername", "localhost", version);
        Assert.Contains(said, answer, StringComparison.Ordinal);
        Assert.DoesNotMatch("Max Early Data: [1-9]", answer);
    }

    private static async Task<TestGateway> StartAsync(TestCertificates certificates, FakeUpstream upstream)
    {
        var own = certificates.Issue("localhost");
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
        };
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """address: "127.0.0.1:0", serves: [public], tls: { certificate: edge.pem, key: edge.key }""",
        };
        return await TestGateway.StartAsync(declaration, files);
    }

    private static async Task<List<string>> ScanAsync(int port)
    {
        var address = "127.0.0.1:" + port.ToString(CultureInfo.InvariantCulture);
        var said = await SayAsync("/usr/bin/sslscan", "", "--no-colour", "--ipv4", "--sni-name=localhost", address);
        return [.. said.Split('\n', StringSplitOptions.TrimEntries)];
    }

    /// <summary>Everything that a program says, given this input.</summary>
    private static async Task<string> SayAsync(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var running = Process.Start(start)!;
        try
        {
            var errors = running.StandardError.ReadToEndAsync(Cancel);
            await running.StandardInput.WriteAsync(input);
            await running.StandardInput.FlushAsync(Cancel);
            var said = await running.StandardOutput.ReadToEndAsync(Cancel).WaitAsync(Longest, Cancel);
            await running.WaitForExitAsync(Cancel);
            said += await errors;
            TestContext.Current.TestOutputHelper?.WriteLine(said);
            return said;
        }
        finally
        {
            if (!running.HasExited) running.Kill();
        }
    }
}

internal static class Lines
{
    public static bool Starts(this string line, string with) => line.StartsWith(with, StringComparison.Ordinal);

    public static bool Ends(this string line, string with) => line.EndsWith(with, StringComparison.Ordinal);
}
