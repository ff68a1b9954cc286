using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>What callers do that matters for security, as the operator and a collector hear of it, over real sockets.</summary>
public sealed class SecurityEventTests
{
    private const string Guesser = "198.51.100.77";

    /// <summary>Routes that are not the consumer's: more than have to be tried, because different ones are counted nearly and not exactly.</summary>
    private const int Others = 9;

    private static readonly Secret Pepper = new("file:pepper", Encoding.ASCII.GetBytes("a pepper of at least thirty-two bytes"));

    private readonly NewApiKey _key = ApiKeyText.Create();
    private readonly NewApiKey _other = ApiKeyText.Create();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-5", "bursts of bad credentials")]
    [Control("LOG-8", "guessing")]
    public async Task Who_guesses_is_told_of_once_and_by_a_digest()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 10; i++) await CallAsync(gateway, "/orders/1", TestKeys.WithOtherSecret(_key), Guesser);
        var told = await ToldAsync(gateway, "authentication-failures");
        Assert.Equal(("edge", 3, 60), ((string?)told["listener"], (int)told["count"]!, (int)told["within"]!));
        Assert.Matches("^hmac:[0-9a-f]{16}$", (string?)told["address"]);
        Assert.Equal(_key.Id, (string?)(await ToldAsync(gateway, "credential-failures"))["credential"]);
        Assert.Single(Told(gateway), e => (string?)e["event"] == "authentication-failures");
        Assert.DoesNotContain(Guesser, gateway.Events, StringComparison.Ordinal);
        Assert.DoesNotContain(_key.Key[13..45], gateway.Events, StringComparison.Ordinal);
        Assert.Matches("""gatehouse_security_events_total\{[^}]*event="authentication-failures"[^}]*\} 1""",
            await gateway.Administration.GetStringAsync("/metrics", Cancel));
    }

    [Fact]
    [Control("LOG-5", "authorisation refusals")]
    [Control("LOG-8", "scope probing")]
    public async Task A_consumer_that_tries_many_routes_that_it_may_not_is_told_of()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 5; i++) Assert.Equal(403, await CallAsync(gateway, "/others/1/x", _key.Key)); // the same one is no probing
        Assert.DoesNotContain(Told(gateway), e => (string?)e["event"] == "authorisation-probing");
        for (var i = 2; i <= Others; i++) Assert.Equal(403, await CallAsync(gateway, $"/others/{i}/x", _key.Key));
        var told = await ToldAsync(gateway, "authorisation-probing");
        Assert.Equal(("stock-sync", 3), ((string?)told["consumer"], (int)told["routes"]!));
    }

    [Fact]
    [Control("LOG-8", "a key from a new place")]
    public async Task A_key_from_a_network_where_it_was_never_seen_is_told_of()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        Assert.Equal(200, await CallAsync(gateway, "/orders/1", _key.Key, "203.0.113.5"));
        Assert.Equal(200, await CallAsync(gateway, "/orders/1", _key.Key, "203.0.113.99")); // the same network
        Assert.Equal(200, await CallAsync(gateway, "/orders/1", _key.Key, Guesser));
        var told = await ToldAsync(gateway, "new-network");
        Assert.Equal(("stock-sync", _key.Id), ((string?)told["consumer"], (string?)told["credential"]));
        Assert.Equal(200, await CallAsync(gateway, "/orders/1", _key.Key, Guesser));
        Assert.Single(Told(gateway), e => (string?)e["event"] == "new-network");
        Assert.DoesNotContain("198.51.100", gateway.Events, StringComparison.Ordinal);
    }

    [Fact]
    [Control("LOG-5", "malformed requests, limits")]
    public async Task Malformed_requests_and_limits_that_are_hit_again_and_again_are_told_of()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 4; i++) Assert.Equal(400, await CallAsync(gateway, "/orders/%2e%2e/x", _key.Key));
        Assert.Equal("malformed-request", (string?)(await ToldAsync(gateway, "malformed-requests"))["problem"]);
        for (var i = 0; i < 5; i++) await CallAsync(gateway, "/limited/1", _key.Key);
        var told = await ToldAsync(gateway, "limits-reached");
        Assert.Equal(("stock-sync", "limit-exceeded"), ((string?)told["consumer"], (string?)told["problem"]));
    }

    [Fact]
    [Control("LOG-5", "changes of the configuration, TLS of services")]
    public async Task Changes_of_the_declaration_and_services_that_cannot_be_trusted_are_told_of()
    {
        using var certificates = new TestCertificates();
        await using var upstream = await FakeUpstream.StartAsync(certificate: certificates.Issue("127.0.0.1").Certificate); // of nobody's authority
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 3; i++) Assert.Equal(502, await CallAsync(gateway, "/orders/1", _key.Key));
        var told = await ToldAsync(gateway, "upstream-tls-failed");
        Assert.Equal(("orders", upstream.Address.GetLeftPart(UriPartial.Authority)), ((string?)told["upstream"], (string?)told["destination"]));
        Assert.Single(Told(gateway), e => (string?)e["event"] == "upstream-tls-failed");
        await gateway.ReloadAsync(Declaration(upstream).Replace("Orders for tests", "Orders", StringComparison.Ordinal), Cancel);
        Assert.Equal(2, (int)(await ToldAsync(gateway, "configuration-changed"))["revision"]!);
        await gateway.ReloadAsync("gatehouse: v2", Cancel);
        Assert.Equal("refused", (string?)(await ToldAsync(gateway, "configuration-refused"))["outcome"]);
    }

    [Fact]
    public async Task A_reload_with_another_secret_is_told_of_under_that()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 4; i++) await CallAsync(gateway, "/orders/%2e%2e/x", _key.Key);
        var before = (string?)(await ToldAsync(gateway, "malformed-requests"))["address"];
        var next = Declaration(upstream).Replace("file:pepper", "file:other", StringComparison.Ordinal)
            .Replace("malformed: 3", "malformed: 2", StringComparison.Ordinal);
        await gateway.ReloadAsync(next, Cancel);
        for (var i = 0; i < 4; i++) await CallAsync(gateway, "/orders/%2e%2e/x", _key.Key);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Told(gateway).Exists(e => (string?)e["event"] == "malformed-requests" && (string?)e["address"] != before)), Cancel);
    }

    [Fact]
    public async Task The_collector_hears_of_them_too()
    {
        await using var watched = await Watched.StartAsync("security: { malformed: 2 }", "logs");
        for (var i = 0; i < 2; i++)
            await RawHttpClient.ExchangeAsync(watched.Gateway.AddressOf("edge").Port, "GET /%2e%2e/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var log = await watched.Collector.LogAsync(l => l.Name == "gatehouse.security", Cancel);
        Assert.Equal((13, "malformed-requests"), (log.Severity, (string?)JsonNode.Parse(log.Body)!["event"]));
    }

    private static List<JsonObject> Told(TestGateway gateway) =>
    [
        .. gateway.Events.Split('\n').Select(l => l.IndexOf("security {", StringComparison.Ordinal) is > 0 and var at ? l[(at + 9)..] : "")
            .Where(l => l.Length > 0).Select(l => JsonNode.Parse(l)!.AsObject()),
    ];

    private static async Task<JsonObject> ToldAsync(TestGateway gateway, string name)
    {
        await Eventually.HoldsAsync(() => Task.FromResult(Told(gateway).Exists(e => (string?)e["event"] == name)), Cancel);
        return Told(gateway).First(e => (string?)e["event"] == name);
    }

    private static async Task<int> CallAsync(TestGateway gateway, string path, string key, string client = "203.0.113.5") =>
        (await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port,
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n")).Status;

    private Task<TestGateway> StartAsync(FakeUpstream upstream) => TestGateway.StartAsync(
        Declaration(upstream),
        new Dictionary<string, string>
        {
            ["pepper"] = Encoding.ASCII.GetString(Pepper.Bytes),
            ["other"] = "another pepper of at least thirty-two bytes",
        });

    private string Declaration(FakeUpstream upstream)
    {
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var others = string.Concat(Enumerable.Range(1, Others).Select(i => Route($"other-{i}", $"/others/{i}/{{id}}", "other", 1_000_000)));
        return $$"""
            gatehouse: v1
            gateway: { name: test, owner: tests@retailer.example, environment: test }
            listeners:
              edge: { address: "127.0.0.1:0", serves: [public], proxies: { networks: [127.0.0.0/8], hops: 1 }, throttle: { off: a test } }
            administration: { address: "127.0.0.1:0" }
            telemetry: { security: { failures: 3, routes: 3, malformed: 3, limits: 3 } }
            keys: { pepper: "file:pepper" }
            consumers:
              stock-sync:
                kind: service
                owner: o@retailer.example
                grants: [orders.read]
                authenticate: [ { apiKey: { id: {{_key.Id}}, hash: "{{ApiKeyHash.Write(Pepper, _key)}}", expires: {{tomorrow}} } } ]
              other:
                kind: service
                owner: o@retailer.example
                grants: [orders.read]
                authenticate: [ { apiKey: { id: {{_other.Id}}, hash: "{{ApiKeyHash.Write(Pepper, _other)}}", expires: {{tomorrow}} } } ]
            upstreams:
              orders: { destinations: ["{{upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
            apis:
              orders:
                owner: orders@retailer.example
                purpose: Orders for tests
                upstream: orders
                each: { exposure: public, personalData: none }
                routes:
            """ + Route("get-order", "/orders/{id}", "stock-sync", 1_000_000) + Route("limited", "/limited/{id}", "stock-sync", 1) + others;
    }

    private static string Route(string name, string path, string consumer, int allow) =>
        $$"""

                  {{name}}:
                    match: GET {{path}}
                    effect: read
                    access: { consumers: [{{consumer}}], scopes: [orders.read] }
                    limits: [ { name: {{name}}, per: all, allow: {{allow}}, every: 1h } ]
        """;
}
