using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Policies;

/// <summary>Calls with tokens through a gateway on real sockets.</summary>
public sealed class CallersTests : IDisposable
{
    private readonly TestIssuer _issuer = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _issuer.Dispose();

    [Fact]
    [Control("IDP-3")]
    [Control("SEC-2", "the access log and what the operator reads")]
    public async Task A_call_for_a_person_reaches_the_backend_without_its_token_and_the_log_without_its_subject()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(gateway, "/orders/1", Token("web-shop", "customer-seventeen")));
        var received = Assert.Single(upstream.Requests);
        Assert.False(received.Headers.ContainsKey("Authorization"));
        var record = Assert.Single(await gateway.AccessLog.RecordsAsync(1, Cancel));
        Assert.Equal(("web-shop", "token", "customers"), ((string?)record["consumer"], (string?)record["credentialKind"], (string?)record["people"]));
        var said = string.Join('\n', gateway.AccessLog.Lines) + gateway.Events + await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.DoesNotContain("seventeen", said, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/orders/1", "web-shop", "anna", "orders.read", 200)]
    [InlineData("/orders/1", "web-shop", "web-shop", "orders.read", 403)] // a client for itself, where people are named
    [InlineData("/orders/1", "web-shop", "anna", "orders", 403)]
    [InlineData("/orders/1", "stock-sync", "anna", "orders.read", 403)] // not named
    [InlineData("/stock", "stock-sync", "stock-sync", "stock.read", 200)]
    [InlineData("/stock", "stock-sync", "anna", "stock.read", 403)] // for a person, where none are named
    [InlineData("/stock", "stock-sync", "stock-sync", "orders.read", 403)] // what the consumer is granted, the token does not have
    [InlineData("/status", "web-shop", "anna", "", 200)]
    [InlineData("/status", "unknown", "anna", "", 401)] // what is presented has to be good
    [InlineData("/nothing", "web-shop", "anna", "", 404)]
    [Control("AZN-1")]
    [Control("AZN-4")]
    public async Task Opens_only_what_is_named(string path, string client, string subject, string scope, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        Assert.Equal(status, (int)await CallAsync(gateway, path, Token(client, subject, scope)));
        Assert.Equal(status == 200 ? 1 : 0, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("stock-sync", null, 200)]
    [InlineData("ben", null, 403)] // of no group, and no program for that
    [InlineData("ben", "customer", 403)] // of one that the route does not name
    [InlineData("stock-sync@clients", null, 403)]
    [InlineData("stock-sync@clients", "client-credentials", 200)] // what the issuer says of its programs
    [Control("AZN-1", "a person of no group is not taken for the program")]
    public async Task Somebody_without_a_role_is_not_taken_for_the_program(string subject, string? role, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await ReloadAsync(gateway, Declaration(upstream)
            .Replace("  customers: { issuer: id }", "  customers: { issuer: id, claims: { roles: [customer] } }", StringComparison.Ordinal)
            .Replace("algorithms: [ES256],", "algorithms: [ES256], programs: { roles: [client-credentials] },", StringComparison.Ordinal));
        var token = _issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject
        {
            ["client_id"] = "stock-sync",
            ["sub"] = subject,
            ["scope"] = "stock.read",
            ["roles"] = role,
        });
        Assert.Equal(status, (int)await CallAsync(gateway, "/stock", token));
    }

    [Fact]
    [Control("AZN-3", "insufficient_scope")]
    [Control("JWT-23", "scheme, error and scope")]
    public async Task Says_in_the_challenge_what_is_needed()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var lacking = await SendAsync(gateway, "/orders/1", Token("web-shop", "anna", "orders"));
        Assert.Equal("Bearer realm=\"gatehouse\", error=\"insufficient_scope\", scope=\"orders.read\"", lacking.Headers.WwwAuthenticate.ToString());
        var bad = await SendAsync(gateway, "/orders/1", "x.y.z");
        Assert.Equal("Bearer realm=\"gatehouse\", error=\"invalid_token\", scope=\"orders.read\"", bad.Headers.WwwAuthenticate.ToString());
        var none = await gateway.Client("edge").GetAsync("/orders/1", Cancel);
        Assert.Equal("Bearer realm=\"gatehouse\", scope=\"orders.read\"", none.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    [Control("AZN-5")]
    public async Task Every_request_of_a_connection_is_judged_by_itself()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var connection = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        var (good, other) = (Token("web-shop", "anna"), Token("stock-sync", "stock-sync", "stock.read"));
        (string? Token, int Status)[] calls = [(good, 200), (null, 401), (other, 403), (good, 200), ("x.y.z", 401), (good + "A", 401), (good, 200)];
        foreach (var (token, status) in calls)
        {
            var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            await connection.SendAsync($"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n");
            Assert.Equal(status, (await connection.ReadResponseAsync()).Status);
        }
    }

    [Fact]
    [Control("AZN-6")]
    public async Task A_grant_that_is_withdrawn_is_gone_with_the_reload()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var token = Token("stock-sync", "stock-sync", "stock.read");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(gateway, "/stock", token));
        var text = Declaration(upstream);
        await ReloadAsync(gateway, text.Replace("grants: [stock.read]", "grants: [other.read, stock.read.all]", StringComparison.Ordinal)
            .Replace("scopes: [stock.read]", "scopes: [other.read]", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(gateway, "/stock", token));
        await ReloadAsync(gateway, text);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(gateway, "/stock", token));
        await ReloadAsync(gateway, text.Replace("clientId: stock-sync", "clientId: stock-sync-2", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(gateway, "/stock", token));
    }

    [Fact]
    public async Task Counts_by_person()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, limit: "{ per: person, allow: 1, every: 1h }");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(gateway, "/orders/1", Token("web-shop", "anna")));
        var second = await SendAsync(gateway, "/orders/1", Token("web-shop", "anna"));
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.Equal("\"person\";q=1;w=3600", second.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Equal(HttpStatusCode.OK, await CallAsync(gateway, "/orders/1", Token("web-shop", "berta")));
    }

    private static async Task ReloadAsync(TestGateway gateway, string text)
    {
        var result = await gateway.ReloadAsync(text, Cancel);
        Assert.True(result.Outcome == ActivationOutcome.Activated, string.Join('\n', result.Findings));
    }

    private static async Task<HttpResponseMessage> SendAsync(TestGateway gateway, string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return await gateway.Client("edge").SendAsync(request, Cancel);
    }

    private static async Task<HttpStatusCode> CallAsync(TestGateway gateway, string path, string token)
    {
        using var response = await SendAsync(gateway, path, token);
        return response.StatusCode;
    }

    private string Token(string client, string subject, string scope = "orders.read") =>
        _issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject { ["client_id"] = client, ["sub"] = subject, ["scope"] = scope });

    private Task<TestGateway> StartAsync(FakeUpstream upstream, string limit = "{ per: all, allow: 1000000, every: 1s }") =>
        TestGateway.StartAsync(Declaration(upstream, limit), new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() });

    private static string Declaration(FakeUpstream upstream, string limit = "{ per: all, allow: 1000000, every: 1s }") =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public] }
        administration: { address: "127.0.0.1:0" }
        issuers:
          id: { issuer: "https://id.retailer.example", audiences: [retailer-apis], algorithms: [ES256], keys: { file: keys.json } }
        people:
          customers: { issuer: id }
        consumers:
          web-shop: { kind: application, owner: o@retailer.example, authenticate: [ { token: { issuer: id, clientId: web-shop } } ] }
          stock-sync:
            kind: service
            owner: o@retailer.example
            grants: [stock.read]
            authenticate: [ { token: { issuer: id, clientId: stock-sync } } ]
        upstreams:
          orders: { destinations: ["{{upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          orders:
            owner: orders@retailer.example
            purpose: Orders for tests
            upstream: orders
            each: { exposure: public, personalData: none, limits: [ {{limit}} ] }
            routes:
              get-order:
                match: GET /orders/{id}
                effect: read
                access: { consumers: [web-shop], people: [customers], scopes: [orders.read] }
              get-stock:
                match: GET /stock
                effect: read
                access: { consumers: [stock-sync], scopes: [stock.read] }
              get-status:
                match: GET /status
                effect: read
                access: { anonymous: A status page }
        """;
}
