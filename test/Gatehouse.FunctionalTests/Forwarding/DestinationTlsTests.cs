using System.Text;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>A destination is who its certificate says, or it is not talked to.</summary>
public sealed class DestinationTlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public enum Flaw
    {
        WrongName,
        Expired,
        SelfSigned,
        OtherAuthority,
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Control("TLS-4")]
    [Theory]
    [InlineData("127.0.0.1", HttpProtocols.Http1)]
    [InlineData("localhost", HttpProtocols.Http1)]
    [InlineData("localhost", HttpProtocols.Http2)]
    public async Task Talks_to_a_destination_that_the_declared_authority_vouches_for(string host, HttpProtocols protocols)
    {
        await using var upstream = await FakeUpstream.StartAsync(protocols, _certificates.Issue(host).Certificate, host);
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, _certificates.AuthorityPem));

        var response = await gateway.GetAsync("/");

        Assert.Equal(200, response.Status);
        Assert.Equal(protocols == HttpProtocols.Http2 ? "HTTP/2" : "HTTP/1.1", Assert.Single(upstream.Requests).Protocol);
    }

    [Control("TLS-4")]
    [Theory]
    [InlineData(Flaw.WrongName)]
    [InlineData(Flaw.Expired)]
    [InlineData(Flaw.SelfSigned)]
    [InlineData(Flaw.OtherAuthority)]
    public async Task Answers_502_for_a_destination_that_cannot_prove_who_it_is(Flaw flaw)
    {
        using var others = new TestCertificates("Somebody else");
        var certificate = flaw switch
        {
            Flaw.WrongName => _certificates.Issue("elsewhere.example"),
            Flaw.Expired => _certificates.IssueExpired("localhost"),
            Flaw.SelfSigned => _certificates.IssueSelfSigned("localhost"),
            Flaw.OtherAuthority => others.Issue("localhost"),
        };
        await using var upstream = await FakeUpstream.StartAsync(certificate: certificate.Certificate, host: "localhost");
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, _certificates.AuthorityPem));

        var response = await gateway.GetAsync("/");

        Assert.Equal(502, response.Status);
        Assert.Empty(upstream.Requests);
        Assert.Equal("no destination could be connected to", (await gateway.EndedAsync(Cancel)).Reason);
    }

    [Control("TLS-4")]
    [Theory]
    [InlineData(true, 200)]
    [InlineData(false, 502)]
    public async Task Takes_no_certificate_that_is_not_meant_for_servers(bool forServers, int status)
    {
        var certificate = (forServers ? _certificates.Issue("localhost") : _certificates.IssueForClient("localhost")).Certificate;
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.SecureAsync(certificate);
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        var address = new Uri($"https://localhost:{upstream.Port}");
        await using var gateway = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(address) with { Authorities = Encoding.ASCII.GetBytes(_certificates.AuthorityPem) });

        Assert.Equal(status, (await gateway.GetAsync("/")).Status);
    }

    [Control("TLS-4")]
    [Fact]
    public async Task Trusts_no_private_authority_that_is_not_declared()
    {
        await using var upstream = await FakeUpstream.StartAsync(certificate: _certificates.Issue("localhost").Certificate, host: "localhost");
        await using var gateway = await ForwardingHost.StartAsync(upstream.Address);

        Assert.Equal(502, (await gateway.GetAsync("/")).Status);
        Assert.Empty(upstream.Requests);
    }

    [Control("TLS-4")]
    [Fact]
    public async Task Trusts_nobody_when_the_declared_authorities_are_none()
    {
        await using var upstream = await FakeUpstream.StartAsync(certificate: _certificates.Issue("localhost").Certificate, host: "localhost");
        await using var gateway = await ForwardingHost.StartAsync(Trusting(upstream, "# no certificate here"));

        Assert.Equal(502, (await gateway.GetAsync("/")).Status);
        Assert.Empty(upstream.Requests);
    }

    private static Upstream Trusting(FakeUpstream upstream, string authorities) => ForwardingHost.UpstreamOf(upstream.Address) with
    {
        Authorities = Encoding.ASCII.GetBytes(authorities),
        Protocol = upstream.Protocols == HttpProtocols.Http2 ? UpstreamProtocol.Http2 : UpstreamProtocol.Http1,
    };
}
