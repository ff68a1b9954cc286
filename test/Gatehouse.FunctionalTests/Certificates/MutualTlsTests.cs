using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Certificates;

public sealed class MutualTlsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int, SslProtocols> Speeches => new()
    {
        { 1, SslProtocols.Tls12 }, { 1, SslProtocols.Tls13 }, { 2, SslProtocols.Tls12 }, { 2, SslProtocols.Tls13 },
    };

    [Theory]
    [MemberData(nameof(Speeches))]
    [Control("MTL-1")]
    [Control("MTL-2")]
    [Control("MTL-3")]
    [Control("MTL-6")]
    public async Task Only_a_good_certificate_opens_a_connection(int version, SslProtocols tls)
    {
        await using var partners = await Partners.StartAsync();
        using var intermediate = partners.Root.Intermediate("issuing");
        using var good = intermediate.Issue(new TestClient());
        Assert.Equal(200, await Partners.CallAsync(partners.Client(good, version, tls, intermediate.Certificate)));
        var seen = partners.Upstream.Requests.Count;

        using var other = TestAuthority.Root("partners", partners.Root.Now);
        using var stranger = other.Issue(new TestClient());
        using var expired = partners.Root.Issue(new TestClient { From = TimeSpan.FromDays(-9), Until = TimeSpan.FromDays(-1) });
        using var server = partners.Root.Issue(new TestClient { Purposes = [TestAuthority.ForServers] });
        using var authority = partners.Root.Issue(new TestClient { IsAuthority = true });
        var refused = new (X509Certificate2? Certificate, string? Reason)[]
        {
            (null, "the client has no certificate"), (stranger, null), (expired, "a certificate of the chain is not valid now"),
            (server, "it is not meant for clients"), (authority, null),
        };
        foreach (var (certificate, reason) in refused)
        {
            var before = partners.Gateway.AccessLog.Records.Count(r => r["event"] is not null);
            // over HTTP/1.1 an HttpClient would try again, and each handshake leaves its line
            if (version == 1) Assert.Equal(0, await ExchangeAsync(partners, partners.Options(certificate, tls)));
            else Assert.Null(await Partners.CallAsync(partners.Client(certificate, version, tls)));
            await Eventually.HoldsAsync(() => Task.FromResult(Handshakes(partners).Count == before + 1), Cancel);
            var line = Handshakes(partners)[^1];
            if (reason is not null) Assert.Equal(reason, (string?)line["reason"]);
            Assert.Equal(("edge", "localhost", "127.0.0.1"), ((string?)line["listener"], (string?)line["serverName"], (string?)line["client"]));
            Assert.Equal(certificate?.SerialNumber.TrimStart('0').ToLowerInvariant(), ((string?)line["certificateSerial"])?.TrimStart('0'));
            Assert.Equal(certificate is null, line["certificateKey"] is null);
        }

        Assert.Equal(seen, partners.Upstream.Requests.Count); // nobody behind the gateway has heard of any of them
        Assert.Equal(refused.Length, Handshakes(partners).Count);
    }

    [Fact]
    [Control("MTL-6", "what strangers can have recorded is bounded")]
    public async Task Strangers_cannot_fill_the_records_with_handshakes_that_fail()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var partners = await Partners.StartAsync(clock: clock);
        for (var i = 0; i < 130; i++) await FailAsync();
        await Eventually.HoldsAsync(
            async () => (await partners.Gateway.Administration.GetStringAsync("/metrics", Cancel)).Split('\n')
                .Any(l => l.StartsWith("gatehouse_connections_refused", StringComparison.Ordinal) && l.EndsWith(" 130", StringComparison.Ordinal)),
            Cancel);
        Assert.Equal(100, partners.Gateway.AccessLog.Records.Count(r => (string?)r["event"] == "handshake-refused"));
        clock.Advance(TimeSpan.FromSeconds(1));
        await FailAsync();
        var line = await partners.Gateway.AccessLog.WaitForAsync(r => r["notRecorded"] is not null, Cancel);
        Assert.Equal(30, (int?)line["notRecorded"]);

        async Task FailAsync()
        {
            await using var stranger = await RawHttpClient.ConnectAsync(partners.Gateway.AddressOf("edge").Port);
            await stranger.SendAsync("GET / HTTP/1.1\r\n\r\n"); // no TLS
            await Assert.ThrowsAnyAsync<IOException>(() => stranger.ReadResponseAsync());
        }
    }

    [Fact]
    [Control("MTL-6")]
    public async Task A_host_that_is_not_the_handshakes_is_misdirected_also_on_an_open_connection()
    {
        await using var partners = await Partners.StartAsync();
        using var good = partners.Root.Issue(new TestClient());
        var options = partners.Options(good, SslProtocols.Tls13);
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        await using var tls = await ConnectAsync(partners, options);
        await tls.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0], Cancel);
        await tls.WriteAsync(Head(1, "localhost"), Cancel);
        await tls.WriteAsync(Head(3, "partners.retailer.example"), Cancel);
        var first = await partners.Gateway.AccessLog.WaitForAsync(r => (int)r["status"]! == 200, Cancel);
        var second = await partners.Gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "misdirected", Cancel);
        Assert.Equal(("HTTP/2", "HTTP/2"), ((string?)first["protocol"], (string?)second["protocol"]));
        Assert.Single(partners.Upstream.Requests);
    }

    /// <summary>A request as one HEADERS frame (RFC 9113 section 6.2), its fields without compression but for the static table.</summary>
    private static byte[] Head(byte stream, string host)
    {
        byte[] authority = Encoding.ASCII.GetBytes(host), path = "/things/1"u8.ToArray();
        byte[] fields = [0x82, 0x87, 0x04, (byte)path.Length, .. path, 0x01, (byte)authority.Length, .. authority];
        return [0, 0, (byte)fields.Length, 1, 0x05, 0, 0, 0, stream, .. fields];
    }

    [Fact]
    public async Task Bytes_that_are_no_handshake_leave_one_line_too()
    {
        await using var partners = await Partners.StartAsync();
        await using var client = await RawHttpClient.ConnectAsync(partners.Gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await client.ReadToEndAsync();
        var line = await partners.RefusalAsync("no TLS handshake");
        Assert.Null(line["serverName"]);
        Assert.Single(Handshakes(partners));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Control("MTL-7")]
    public async Task What_a_client_says_of_certificates_never_reaches_a_service(int version)
    {
        string[] names =
        [
            "Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-Cert-Chain", "X-SSL-Client-Cert", "X-SSL-Client-S-DN", "SSL-Client-Cert",
            "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "X-Client-Certificate", "X-ARR-ClientCert", "X-Amzn-Mtls-Clientcert",
            "X-Real-IP", "X-Tls-Client-Cert",
        ];
        await using var partners = await Partners.StartAsync();
        using var good = partners.Root.Issue(new TestClient());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1")
        {
            Version = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (var name in names) request.Headers.TryAddWithoutValidation(name, ":AAAA:");
        using var response = await partners.Client(good, version).SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var received = Assert.Single(partners.Upstream.Requests);
        Assert.DoesNotContain(names, n => received.Header(n) is not null);
    }

    [Fact]
    [Control("MTL-9")]
    public async Task Authorities_rotate_without_dropping_anybody_who_is_still_vouched_for()
    {
        await using var partners = await Partners.StartAsync();
        using var next = TestAuthority.Root("partners of 2027", partners.Root.Now);
        using var before = partners.Root.Issue(new TestClient());
        using var after = next.Issue(new TestClient());
        var (old, young) = (partners.Client(before), partners.Client(after, version: 2));
        Assert.Equal((200, null), (await Partners.CallAsync(old), await Partners.CallAsync(young)));

        await partners.WriteAsync("ca.pem", partners.Root.Pem + "\n" + next.Pem);
        Assert.Equal(ActivationOutcome.Activated, (await partners.Gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal((200, 200), (await Partners.CallAsync(old), await Partners.CallAsync(young)));

        await partners.WriteAsync("ca.pem", next.Pem);
        Assert.Equal(ActivationOutcome.Activated, (await partners.Gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal((401, 200), (await Partners.CallAsync(old), await Partners.CallAsync(young)));
        var line = await partners.Gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "certificate-refused", Cancel);
        Assert.Equal("no pinned authority vouches for it", (string?)line["reason"]);
        Assert.Null(await Partners.CallAsync(old)); // the connection is gone, and no other is to be had

        await partners.WriteAsync("ca.pem", "nothing");
        Assert.Equal(ActivationOutcome.Refused, (await partners.Gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal(200, await Partners.CallAsync(young));
    }

    [Fact]
    public async Task A_listener_that_begins_to_ask_ends_connections_that_brought_nothing()
    {
        await using var partners = await Partners.StartAsync();
        using var good = partners.Root.Issue(new TestClient());
        var asking = partners.Declaration("ca.pem");
        await partners.Gateway.ReloadAsync(asking.Replace(", clientAuthorities: [ca.pem]", "", StringComparison.Ordinal), Cancel);
        var client = partners.Client(null);
        Assert.Equal(200, await Partners.CallAsync(client));
        await partners.Gateway.ReloadAsync(asking, Cancel);
        Assert.Equal(401, await Partners.CallAsync(client));
        Assert.Equal(200, await Partners.CallAsync(partners.Client(good)));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    [Control("MTL-9")]
    public async Task A_session_from_before_a_revocation_is_no_way_in(SslProtocols tls)
    {
        await using var partners = await Partners.StartAsync(", revocation: { lists: [partner.crl] }");
        using var leaf = partners.Root.Issue(new TestClient());
        var options = partners.Options(leaf, tls); // keeps what there is to resume
        Assert.Equal(200, await ExchangeAsync(partners, options));
        Assert.Equal(200, await ExchangeAsync(partners, options));
        await partners.WriteAsync("partner.crl", Partners.Pem(partners.Root.List(leaf)));
        await partners.Gateway.Running.ReloadAsync(Cancel);
        Assert.Equal(0, await ExchangeAsync(partners, options));
        await partners.RefusalAsync("it is revoked");
    }

    private static async Task<int> ExchangeAsync(Partners partners, SslClientAuthenticationOptions options)
    {
        try
        {
            await using var tls = await ConnectAsync(partners, options);
            await tls.WriteAsync(Encoding.ASCII.GetBytes("GET /things/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), Cancel);
            var answer = new byte[12];
            await tls.ReadExactlyAsync(answer, Cancel);
            return int.Parse(Encoding.ASCII.GetString(answer)[9..], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return 0;
        }
    }

    private static async Task<SslStream> ConnectAsync(Partners partners, SslClientAuthenticationOptions options)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(partners.Gateway.AddressOf("edge"), Cancel);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
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

    private static List<System.Text.Json.Nodes.JsonObject> Handshakes(Partners partners) =>
        [.. partners.Gateway.AccessLog.Records.Where(r => (string?)r["event"] == "handshake-refused")];
}
