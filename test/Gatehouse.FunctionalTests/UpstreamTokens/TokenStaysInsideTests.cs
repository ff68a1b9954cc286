using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.UpstreamTokens;

/// <summary>The token that an upstream gets is between the gateway and that upstream.</summary>
public sealed class TokenStaysInsideTests : IDisposable
{
    private const string Given = "given-to-the-gateway";

    private readonly TestIssuer _callers = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _callers.Dispose();

    [Fact]
    [Control("SEC-5", "the assertion, and the token of an upstream")]
    public async Task It_goes_to_its_upstream_alone_and_never_back()
    {
        await using var canary = await FakeUpstream.StartAsync(host: "localhost");
        await using var endpoint = (await FakeUpstream.StartAsync()).On("/token", 200, Answer, ("Content-Type", "application/json"));
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/1", http =>
        {
            http.Response.StatusCode = 307;
            http.Response.Headers.Location = canary.Address + "elsewhere";
            http.Response.Headers.Authorization = http.Request.Headers.Authorization;
            return Task.CompletedTask;
        });
        await using var gateway = await StartAsync(endpoint, upstream.Address);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _callers.Token(TimeProvider.System.GetUtcNow()));
        using var answer = await gateway.Client("edge").SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
        Assert.Equal("Bearer " + Given, Assert.Single(upstream.Requests).Header("Authorization"));
        Assert.DoesNotContain(Given, answer + await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(0, canary.Connections); // the client may go there, with what it has itself
        await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.DoesNotContain(Given, string.Concat(gateway.AccessLog.Lines) + gateway.Events, StringComparison.Ordinal);
    }

    [Fact]
    [Control("SEC-5", "the assertion, and the token of an upstream")]
    public async Task It_does_not_go_over_a_network_in_cleartext()
    {
        await using var endpoint = await FakeUpstream.StartAsync();
        var refused = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(endpoint, new Uri("http://things.in.example")));
        Assert.Equal("GH1033", Assert.Single(refused.Findings, f => f.IsError).Rule.Id);
    }

    private static string Answer =>
        $$"""
        {"access_token":"{{Given}}","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":100}
        """;

    private Task<TestGateway> StartAsync(FakeUpstream endpoint, Uri destination)
    {
        var declaration = new SmallDeclaration(destination)
        {
            More =
                $"issuers: {{ id: {{ issuer: \"{_callers.Issuer}\", audiences: [{_callers.Audience}], algorithms: [ES256], keys: {{ file: keys.json }} }} }}\n"
                + "consumers: { web-shop: { kind: application, owner: o@retailer.example, "
                + "authenticate: [ { token: { issuer: id, clientId: web-shop } } ] } }",
            MoreOfUpstream =
                $", token: {{ endpoint: \"{new Uri(endpoint.Address, "/token")}\", clientId: gatehouse, secret: \"file:secret\", "
                + "audience: \"https://things.in.example\", scopes: [things.read] }",
        };
        return TestGateway.StartAsync(declaration, new Dictionary<string, string> { ["secret"] = "s3cret\n", ["keys.json"] = _callers.Jwks() });
    }
}
