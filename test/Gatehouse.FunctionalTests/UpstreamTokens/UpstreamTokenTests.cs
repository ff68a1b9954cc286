using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Services;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.UpstreamTokens;

/// <summary>An upstream that wants a token of its own, and a token endpoint that gives it, or not.</summary>
public sealed class UpstreamTokenTests : IAsyncLifetime
{
    private const string Path = "/token";
    private const string OtherKind = "an answer with another kind of token";
    private const string MoreScopes = "a token with more scopes than were asked for";

    private readonly TestIssuer _callers = new();
    private readonly ConcurrentDictionary<string, string> _tokens = new();
    private FakeUpstream _upstream = null!;
    private FakeUpstream _issuer = null!;
    private int _given;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _issuer = await FakeUpstream.StartAsync();
        _issuer.On(Path, http => GiveAsync(http, Good($"given-{Interlocked.Increment(ref _given)}")));
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _issuer.DisposeAsync();
        _callers.Dispose();
    }

    [Fact]
    [Control("IDP-8", "audience and scopes are asked for as declared, and a token with more scopes is not used")]
    public async Task The_upstream_gets_a_token_of_its_own_and_never_the_callers()
    {
        await using var gateway = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway, "callers-token")).StatusCode);
        var asked = Assert.Single(_issuer.Requests);
        Assert.Equal("application/x-www-form-urlencoded", asked.Header("Content-Type"));
        Assert.Equal("Basic " + Convert.ToBase64String("gate%2Fhouse:s3cret%21+word"u8), asked.Header("Authorization"));
        Assert.Equal(
            [
                "audience=https%3A%2F%2Fthings.in.example", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
                "requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token", "scope=things.read+things.list",
                "subject_token=" + TokenOf("callers-token"), "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
            ],
            Encoding.UTF8.GetString(asked.Body).Split('&').Order(StringComparer.Ordinal));
        var received = Assert.Single(_upstream.Requests);
        Assert.Equal("Bearer given-1", received.Header("Authorization"));
        Assert.DoesNotContain(received.Headers, h => h.Value.Contains(TokenOf("callers-token"), StringComparison.Ordinal));
        await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.DoesNotContain("given-", string.Concat(gateway.AccessLog.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain(TokenOf("callers-token")[..40], string.Concat(gateway.AccessLog.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_asked_for_once_for_each_caller()
    {
        await using var gateway = await StartAsync();
        foreach (var token in (string[])["a", "a", "b", "a", "b"]) await CallAsync(gateway, token);
        Assert.Equal(
            ["Bearer given-1", "Bearer given-1", "Bearer given-2", "Bearer given-1", "Bearer given-2"],
            _upstream.Requests.Select(r => r.Header("Authorization")));
    }

    [Fact]
    public async Task Who_asks_at_the_same_time_waits_for_the_same_answer()
    {
        var open = new TaskCompletionSource();
        _issuer.On(Path, async http =>
        {
            await open.Task;
            await GiveAsync(http, Good("one"));
        });
        await using var gateway = await StartAsync();
        var calls = Enumerable.Range(0, 20).Select(_ => CallAsync(gateway, "a")).ToList();
        await _issuer.NextAsync(Cancel);
        open.SetResult();
        Assert.All(await Task.WhenAll(calls), r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task A_token_is_used_until_shortly_before_it_ends()
    {
        var clock = new FakeTimeProvider();
        using var client = new TokenExchangeClient(
            new TokenExchange(
                "things", new ServiceEndpoint(new Uri(_issuer.Address, Path), null, TimeSpan.FromSeconds(5)), "gate", new Secret("file:x", [1]), "a",
                ["things.read"], ClientWhenNone: true),
            clock);
        Assert.Equal("Bearer given-1", (await client.GetAsync("a", null, Cancel)).Authorization);
        clock.Advance(TimeSpan.FromSeconds(89));
        Assert.Equal("Bearer given-1", (await client.GetAsync("a", null, Cancel)).Authorization);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Bearer given-2", (await client.GetAsync("a", null, Cancel)).Authorization);
        Assert.Equal("Bearer given-3", (await client.GetAsync(null, null, Cancel)).Authorization);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant"}""", "an answer with another status than 200")]
    [InlineData(302, "{}", "an answer with another status than 200")]
    [InlineData(200, "{}", "an answer that holds no usable token")]
    [InlineData(200, """{"access_token":"x","token_type":"N_A"}""", "an answer that holds no usable token")]
    [InlineData(200, """{"access_token":"x","token_type":"Bearer"}""", OtherKind)]
    [InlineData(200, """{"access_token":"x","token_type":"Bearer","issued_token_type":"URN:refresh_token"}""", OtherKind)]
    [InlineData(200, """{"access_token":"x","token_type":"Bearer","issued_token_type":"URN:jwt","scope":"things.read admin"}""", MoreScopes)]
    [Control("IDP-8", "audience and scopes are asked for as declared, and a token with more scopes is not used")]
    public async Task No_token_no_call(int status, string body, string why)
    {
        body = body.Replace("URN", "urn:ietf:params:oauth:token-type", StringComparison.Ordinal);
        _issuer.On(Path, status, body, ("Content-Type", "application/json"));
        await using var gateway = await StartAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(gateway, "a")).StatusCode);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(("identity-unavailable", why), ((string?)record["problem"], (string?)record["reason"]));
        Assert.Equal(0, _upstream.Connections);
    }

    [Fact]
    [Control("AVL-3", "a token endpoint")]
    public async Task A_slow_or_missing_endpoint_is_a_503_and_is_asked_again_later()
    {
        _issuer.On(Path, http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var gateway = await StartAsync("timeout: 50ms");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(gateway, "a")).StatusCode);
        await _issuer.DisposeAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(gateway, "a")).StatusCode);
        Assert.Equal(0, _upstream.Connections);
    }

    [Fact]
    public async Task A_caller_without_a_token_is_refused_unless_the_declaration_says_otherwise()
    {
        await using (var gateway = await StartAsync())
            Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(gateway, null)).StatusCode);
        Assert.Equal((0, 0), (_issuer.Connections, _upstream.Connections));
        await using (var gateway = await StartAsync("whenNone: client"))
            Assert.Equal(HttpStatusCode.OK, (await CallAsync(gateway, null)).StatusCode);
        Assert.Contains("grant_type=client_credentials", Encoding.UTF8.GetString(_issuer.Requests.Single().Body), StringComparison.Ordinal);
        Assert.Equal("Bearer given-1", _upstream.Requests.Single().Header("Authorization"));
    }

    private static string Good(string token) =>
        $$"""
        {"access_token":"{{token}}","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":100}
        """;

    private static Task GiveAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json);
    }

    private async Task<HttpResponseMessage> CallAsync(TestGateway gateway, string? caller)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1");
        if (caller is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + TokenOf(caller));
        return await gateway.Client("edge").SendAsync(request, Cancel);
    }

    /// <summary>The one token of a caller.</summary>
    private string TokenOf(string caller) =>
        _tokens.GetOrAdd(caller, c => _callers.Token(TimeProvider.System.GetUtcNow(), new JsonObject { ["sub"] = c }));

    private Task<TestGateway> StartAsync(string more = "timeout: 10s")
    {
        var declaration = new SmallDeclaration(_upstream.Address)
        {
            More =
                $"issuers: {{ id: {{ issuer: \"{_callers.Issuer}\", audiences: [{_callers.Audience}], algorithms: [ES256], keys: {{ file: keys.json }} }} }}\n"
                + "consumers: { web-shop: { kind: application, owner: o@retailer.example, "
                + "authenticate: [ { token: { issuer: id, clientId: web-shop } } ] } }",
            MoreOfUpstream =
                $", token: {{ endpoint: \"{new Uri(_issuer.Address, Path)}\", clientId: gate/house, secret: \"file:secret\", "
                + $"audience: \"https://things.in.example\", scopes: [things.read, things.list], {more} }}",
        };
        return TestGateway.StartAsync(declaration, new Dictionary<string, string> { ["secret"] = "s3cret! word\n", ["keys.json"] = _callers.Jwks() });
    }
}
