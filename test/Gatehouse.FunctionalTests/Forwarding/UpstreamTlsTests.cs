using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>What an upstream's declaration asks of TLS beyond the chain, and what the gateway proves in turn.</summary>
public sealed class UpstreamTlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Control("TLS-4")]
    [Theory]
    [InlineData(new[] { true }, 200)]
    [InlineData(new[] { false, true }, 200)] // the next key is pinned before it is used
    [InlineData(new[] { false }, 502)]
    public async Task Talks_only_to_who_holds_a_pinned_key(bool[] right, int status)
    {
        var certificate = _certificates.Issue("localhost").Certificate;
        var other = _certificates.Issue("localhost").Certificate;
        await using var upstream = await FakeUpstream.StartAsync(certificate: certificate, host: "localhost");
        byte[][] pins = [.. right.Select(r => PinOf(r ? certificate : other))];
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, new UpstreamTls(null, pins, null)));
        Assert.Equal(status, (await gateway.GetAsync("/")).Status);
        Assert.Equal(status == 200 ? 1 : 0, upstream.Requests.Count);
    }

    [Control("TLS-4")]
    [Theory]
    [InlineData(DestinationTlsTests.Flaw.WrongName)]
    [InlineData(DestinationTlsTests.Flaw.Expired)]
    [InlineData(DestinationTlsTests.Flaw.SelfSigned)]
    [InlineData(DestinationTlsTests.Flaw.OtherAuthority)]
    public async Task A_pin_stands_in_for_nothing_else(DestinationTlsTests.Flaw flaw)
    {
        using var others = new TestCertificates("Somebody else");
        var certificate = (flaw switch
        {
            DestinationTlsTests.Flaw.WrongName => _certificates.Issue("elsewhere.example"),
            DestinationTlsTests.Flaw.Expired => _certificates.IssueExpired("localhost"),
            DestinationTlsTests.Flaw.SelfSigned => _certificates.IssueSelfSigned("localhost"),
            DestinationTlsTests.Flaw.OtherAuthority => others.Issue("localhost"),
        }).Certificate;
        await using var upstream = await FakeUpstream.StartAsync(certificate: certificate, host: "localhost");
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, new UpstreamTls(null, [PinOf(certificate)], null)));
        Assert.Equal(502, (await gateway.GetAsync("/")).Status);
        Assert.Empty(upstream.Requests);
    }

    [Control("TLS-4")]
    [Theory]
    [InlineData("orders.in.example", 200)]
    [InlineData("stock.in.example", 502)]
    [InlineData(null, 502)]
    public async Task An_address_can_be_asked_for_the_name_that_its_certificate_has(string? name, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync(certificate: _certificates.Issue("orders.in.example").Certificate);
        upstream.On("/", 302, "", ("Location", $"https://orders.in.example:{upstream.Port}/next"));
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, new UpstreamTls(null, [], name)));
        var response = await gateway.GetAsync("/");
        Assert.Equal(status == 200 ? 302 : 502, response.Status);
        if (status != 200) Assert.Empty(upstream.Requests);
        else Assert.Equal(($"orders.in.example:{upstream.Port}", "/next"), (upstream.Requests.Single().Header("Host"), response.Header("Location")));
    }

    [Control("TLS-6")]
    [Fact]
    public async Task An_upstream_sees_who_calls_and_the_next_one_once_the_files_have_changed()
    {
        var (first, second) = (_certificates.IssueForClient("gateway.one"), _certificates.IssueForClient("gateway.two"));
        var seen = new ConcurrentQueue<string>();
        var server = _certificates.Issue("localhost").Certificate;
        await using var upstream = RawUpstream.Start(async connection =>
        {
            seen.Enqueue((await connection.SecureMutuallyAsync(server, _certificates.Authority))?.Subject ?? "nobody");
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            await connection.ReadToEndAsync();
        });
        var declaration = new SmallDeclaration(new Uri($"https://localhost:{upstream.Port}"))
        {
            MoreOfUpstream = ", authorities: ca.pem, certificate: gw.pem, key: gw.key",
        };
        await using var gateway = await TestGateway.StartAsync(declaration, new Dictionary<string, string>
        {
            ["ca.pem"] = _certificates.AuthorityPem,
            ["gw.pem"] = await File.ReadAllTextAsync(first.CertificateFile, Cancel),
            ["gw.key"] = await File.ReadAllTextAsync(first.KeyFile, Cancel),
        });
        Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/things/1", Cancel));
        await File.WriteAllTextAsync(Path.Combine(gateway.Folder, "gw.pem"), await File.ReadAllTextAsync(second.CertificateFile, Cancel), Cancel);
        await File.WriteAllTextAsync(Path.Combine(gateway.Folder, "gw.key"), await File.ReadAllTextAsync(second.KeyFile, Cancel), Cancel);
        Assert.Equal(ActivationOutcome.Activated, (await gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/things/1", Cancel));
        Assert.Equal(["CN=gateway.one", "CN=gateway.two"], seen);
    }

    [Control("TLS-6")]
    [Fact]
    public async Task An_upstream_that_asks_for_a_certificate_gets_none_that_is_not_declared()
    {
        var seen = new TaskCompletionSource<string>();
        var server = _certificates.Issue("localhost").Certificate;
        await using var upstream = RawUpstream.Start(async connection =>
            seen.TrySetResult((await connection.SecureMutuallyAsync(server, _certificates.Authority))?.Subject ?? "nobody"));
        await using var gateway = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(new Uri($"https://localhost:{upstream.Port}")) with
        {
            Authorities = Encoding.ASCII.GetBytes(_certificates.AuthorityPem),
        });
        Assert.Equal(502, (await gateway.GetAsync("/")).Status);
        Assert.Equal("nobody", await seen.Task.WaitAsync(Patience.Limit, Cancel));
    }

    private static byte[] PinOf(X509Certificate2 certificate) => SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    private Upstream Trusting(FakeUpstream upstream, UpstreamTls tls) => ForwardingHost.UpstreamOf(upstream.Address) with
    {
        Authorities = Encoding.ASCII.GetBytes(_certificates.AuthorityPem),
        Tls = tls,
    };
}
