using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Certificates;

/// <summary>Sessions of TLS, seen by a client that says whether it resumed one.</summary>
public sealed class ResumptionTests
{
    private const string Openssl = "/usr/bin/openssl";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    [Control("MTL-9")]
    public async Task A_session_is_not_resumed(string version)
    {
        Assert.SkipUnless(File.Exists(Openssl), "openssl is not installed");
        await using var partners = await Partners.StartAsync();
        using var leaf = partners.Root.Issue(new TestClient());
        await partners.WriteAsync("client.pem", leaf.ExportCertificatePem());
        await partners.WriteAsync("client.key", leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var session = Path.Combine(partners.Gateway.Folder, "session");
        var first = await ConnectAsync(partners, version, "-sess_out", session);
        Assert.Contains("New, TLSv1", first, StringComparison.Ordinal);
        Assert.Contains("200 OK", first, StringComparison.Ordinal);
        var second = File.Exists(session) ? await ConnectAsync(partners, version, "-sess_in", session) : await ConnectAsync(partners, version);
        Assert.Contains("New, TLSv1", second, StringComparison.Ordinal);
        Assert.DoesNotContain("Reused", second, StringComparison.Ordinal);
    }

    private static async Task<string> ConnectAsync(Partners partners, params string[] more)
    {
        var start = new ProcessStartInfo(Openssl)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = partners.Gateway.Folder,
        };
        var port = partners.Gateway.AddressOf("edge").Port.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "s_client", "-connect", "127.0.0.1:" + port, "-servername", "localhost", "-cert", "client.pem", "-key", "client.key", "-ign_eof", .. more,
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var client = Process.Start(start)!;
        var errors = client.StandardError.ReadToEndAsync(Cancel);
        await client.StandardInput.WriteAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        client.StandardInput.Close();
        var said = await client.StandardOutput.ReadToEndAsync(Cancel).WaitAsync(Patience.Limit, Cancel);
        await client.WaitForExitAsync(Cancel);
        return said + await errors;
    }
}
