using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    [Control("TLS-1", "1.2 and 1.3 alone, with forward secrecy")]
    public async Task Tls_1_2_and_1_3_are_spoken_with_forward_secrecy(SslProtocols protocol)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var tls = await HandshakeAsync(gateway, protocol);
        Assert.Equal(protocol, tls.SslProtocol);
        Assert.Matches("^TLS_(AES|CHACHA20|ECDHE_.*(GCM|CHACHA20))", tls.NegotiatedCipherSuite.ToString());
    }

    [Fact]
    [Control("TLS-1", "1.2 and 1.3 alone, with forward secrecy")]
    public async Task A_suite_without_forward_secrecy_or_authentication_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "suites are chosen by the system elsewhere");
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await Assert.ThrowsAnyAsync<Exception>(() =>
            HandshakeAsync(gateway, SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256));
    }

    [Fact]
    [Control("TLS-2")]
    public async Task Cleartext_on_a_tls_port_is_closed_without_a_word()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var answer = await client.ReadToEndAsync();
        Assert.DoesNotContain("HTTP/", System.Text.Encoding.Latin1.GetString(answer), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Failed_handshakes_are_counted_and_told_once()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 3; i++)
        {
            await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
            await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            await client.ReadToEndAsync();
        }

        await gateway.Client("edge", _certificates.Authority).GetAsync("/things/1", Cancel);
        Assert.Equal("1.3", (string?)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["tls"]);
        await Eventually.HoldsAsync(async () => (await gateway.Administration.GetStringAsync("/metrics", Cancel))
            .Split('\n').Any(l =>
                l.Contains("reason=\"no TLS handshake\"", StringComparison.Ordinal) && l.Contains("} 3", StringComparison.Ordinal)), Cancel);
        Assert.Equal(1, gateway.Events.Split("no TLS handshake").Length - 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Both_versions_of_http_are_negotiated(int version)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1")
        {
            Version = new Version(version, version == 1 ? 1 : 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var response = await gateway.Client("edge", _certificates.Authority).SendAsync(request, Cancel);
        Assert.Equal((HttpStatusCode.OK, request.Version), (response.StatusCode, response.Version));
    }

    [Fact]
    [Control("EXP-8")]
    public async Task A_host_other_than_the_handshakes_is_misdirected()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge"), "localhost", _certificates.Authority);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: api.retailer.example\r\n\r\n");
        Assert.Equal(421, (await client.ReadResponseAsync()).Status);
    }

    [Fact]
    [Control("TLS-5")]
    public async Task A_renewed_certificate_is_used_by_the_next_handshake_and_a_bad_one_keeps_the_old()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var before = await PresentedAsync(gateway);
        var next = _certificates.Issue("localhost", "api.retailer.example");
        await File.WriteAllTextAsync(Path.Combine(gateway.Folder, "edge.pem"), await File.ReadAllTextAsync(next.CertificateFile, Cancel), Cancel);
        Assert.Equal(ActivationOutcome.Refused, (await gateway.Running.ReloadAsync(Cancel)).Outcome); // the key is still the old one's
        Assert.Equal(before, await PresentedAsync(gateway));

        await WriteKeyAsync(gateway.Folder, next);
        Assert.Equal(ActivationOutcome.Activated, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal(next.Certificate.Thumbprint, await PresentedAsync(gateway));
        Assert.NotEqual(before, next.Certificate.Thumbprint);
    }

    private static async Task WriteKeyAsync(string folder, TestCertificate certificate)
    {
        var key = Path.Combine(folder, "edge.key");
        await File.WriteAllTextAsync(key, await File.ReadAllTextAsync(certificate.KeyFile, Cancel), Cancel);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private async Task<TestGateway> StartAsync(FakeUpstream upstream)
    {
        var certificate = _certificates.Issue("localhost", "api.retailer.example");
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(certificate.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(certificate.KeyFile, Cancel),
        };
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """address: "127.0.0.1:0", serves: [public], hosts: [localhost, api.retailer.example], tls: { certificate: edge.pem, key: edge.key }""",
        };
        return await TestGateway.StartAsync(declaration, files);
    }

    private async Task<string> PresentedAsync(TestGateway gateway)
    {
        await using var tls = await HandshakeAsync(gateway, SslProtocols.Tls13);
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData()).Thumbprint;
    }

    private async Task<SslStream> HandshakeAsync(TestGateway gateway, SslProtocols protocol, params TlsCipherSuite[] suites)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.AddressOf("edge"), Cancel);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocol,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { _certificates.Authority },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        if (suites.Length > 0 && !OperatingSystem.IsWindows()) options.CipherSuitesPolicy = new CipherSuitesPolicy(suites);
        try
        {
            await tls.AuthenticateAsClientAsync(options, Cancel);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }
}
