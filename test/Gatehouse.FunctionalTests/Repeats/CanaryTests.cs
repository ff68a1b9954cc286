using System.Buffers.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Assertions;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>Two upstreams for one route, through a whole gateway.</summary>
public sealed class CanaryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gives_a_part_of_the_calls_to_the_canary_and_says_which()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var next = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Split(main, next, "share: 50%"));
        var client = gateway.Client("edge");

        for (var i = 0; i < 60; i++) await client.GetStringAsync("/read", Cancel);

        Assert.Equal(60, main.Requests.Count + next.Requests.Count);
        Assert.InRange(next.Requests.Count, 10, 50);
        var records = await gateway.AccessLog.RecordsAsync(60, Cancel);
        Assert.Equal(next.Requests.Count, records.Count(r => (string?)r["upstream"] == "other"));
        Assert.Equal(main.Requests.Count, records.Count(r => (string?)r["upstream"] == "things"));
    }

    [Control("RES-8", "a canary that fails gets no more calls")]
    [Fact]
    public async Task Takes_the_calls_from_a_canary_that_fails_until_a_declaration_is_loaded_anew()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var next = await FakeUpstream.StartAsync();
        next.Otherwise(static http =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        var declaration = Split(main, next, "share: 50%, sticky: { cookie: visitor }, revert: { errors: 20%, least: 5 }");
        await using var gateway = await TestGateway.StartAsync(declaration);
        var client = gateway.Client("edge");
        var visitor = await VisitorOfCanaryAsync(client, next);

        for (var i = 0; i < 20; i++) await StatusAsync(client, visitor);
        var before = next.Requests.Count;
        for (var i = 0; i < 20; i++) Assert.Equal(200, await StatusAsync(client, visitor));

        Assert.Equal(before, next.Requests.Count);
        await Eventually.HoldsAsync(
            () => Task.FromResult(gateway.Events.Contains("canary 'other' gets no more calls", StringComparison.Ordinal)), Cancel);
        Assert.Equal(1, await Counted.OfAsync(gateway, "gatehouse_canaries_changes_total", "other", "reverted", Cancel));

        await gateway.ReloadAsync(declaration with { Each = "deadline: 59s" }, Cancel);
        Assert.Equal(500, await StatusAsync(client, visitor));
    }

    [Control("RES-8", "a canary that is out gets no more calls")]
    [Fact]
    public async Task Takes_the_calls_from_a_canary_whose_circuit_is_open()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var next = await FakeUpstream.StartAsync();
        next.Otherwise(static http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(
            Split(main, next, "share: 50%, revert: { errors: 20%, least: 20 }") with { OtherUpstream = "breaker: { volume: 2, pause: 10m }" });
        var client = gateway.Client("edge");

        for (var i = 0; i < 200; i++) (await client.GetAsync(new Uri("/read", UriKind.Relative), Cancel)).Dispose();

        Assert.InRange(next.Requests.Count, 2, 4); // the circuit opened long before as many were sent as are judged by
        await Eventually.HoldsAsync(
            () => Task.FromResult(gateway.Events.Contains("canary 'other' gets no more calls", StringComparison.Ordinal)), Cancel);
        for (var i = 0; i < 20; i++) await client.GetStringAsync("/read", Cancel);
    }

    [Fact]
    public async Task Vouches_for_callers_to_the_upstream_that_was_chosen()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var next = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            Split(main, next, "share: 50%") with { More = """assertions: { issuer: "https://gateway.in.example", keys: ["file:a.pem"] }""" },
            new Dictionary<string, string> { ["a.pem"] = Vouching.NewKey() });
        var client = gateway.Client("edge");

        for (var i = 0; i < 40; i++) await client.GetStringAsync("/read", Cancel);

        Assert.All(main.Requests, r => Assert.Equal("things", AudienceOf(r)));
        Assert.All(next.Requests, r => Assert.Equal("other", AudienceOf(r)));
        Assert.NotEmpty(next.Requests);
    }

    [Fact]
    public async Task Gives_every_attempt_an_assertion_of_its_own_where_each_serves_once()
    {
        await using var failing = await FakeUpstream.StartAsync();
        failing.On("/read", 503);
        await using var gateway = await TestGateway.StartAsync(
            new SentTwice(failing.Address)
            {
                Read = "assertion: perRequest",
                More = """assertions: { issuer: "https://gateway.in.example", keys: ["file:a.pem"] }""",
            },
            new Dictionary<string, string> { ["a.pem"] = Vouching.NewKey() });

        (await gateway.Client("edge").GetAsync(new Uri("/read", UriKind.Relative), Cancel)).Dispose();

        Assert.Equal(2, failing.Requests.Select(r => (string?)ClaimsOf(r.Header("Gatehouse-Assertion")!)["jti"]).Distinct().Count());
        Assert.Equal(2, failing.Requests.Count);
    }

    private static string? AudienceOf(ReceivedRequest request) => (string?)ClaimsOf(request.Header("Gatehouse-Assertion")!)["aud"];

    private static JsonObject ClaimsOf(string assertion) =>
        JsonNode.Parse(Base64Url.DecodeFromChars(assertion.Split('.')[1]))!.AsObject();

    /// <summary>The cookie of somebody whose calls go to the canary.</summary>
    private static async Task<string> VisitorOfCanaryAsync(HttpClient client, FakeUpstream canary)
    {
        for (var i = 0; ; i++)
        {
            await StatusAsync(client, $"v{i}");
            if (canary.Requests.Count > 0) return $"v{i}";
        }
    }

    private static async Task<int> StatusAsync(HttpClient client, string visitor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/read");
        request.Headers.Add("Cookie", $"a=b; visitor={visitor}");
        using var response = await client.SendAsync(request, Cancel);
        return (int)response.StatusCode;
    }

    private static SentTwice Split(FakeUpstream main, FakeUpstream next, string canary) => new(main.Address)
    {
        Other = next.Address,
        Read = $"canary: {{ upstream: other, {canary} }}",
    };
}
