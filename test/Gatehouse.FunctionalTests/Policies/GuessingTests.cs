using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Policies;

/// <summary>A flood of bad tokens at a gateway on real sockets.</summary>
public sealed class GuessingTests : IDisposable
{
    private const int Failures = 20;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private readonly TestIssuer _issuer = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _issuer.Dispose();

    [Fact]
    [Control("RTE-3")]
    public async Task A_flood_of_bad_tokens_is_refused_unseen_while_good_calls_pass_from_the_same_address()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var (good, bad) = (Token(_issuer), BadTokens());
        using var client = gateway.Client("edge");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(client, good)).Status);

        using var flood = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var flooding = Enumerable.Range(0, 8).Select(n => FloodAsync(gateway.Client("edge"), bad, n, flood.Token)).ToList();
        var times = new List<TimeSpan>();
        for (var i = 0; i < 300; i++)
        {
            var (status, _, took) = await CallAsync(client, good);
            Assert.Equal(HttpStatusCode.OK, status);
            times.Add(took);
        }

        await flood.CancelAsync();
        var answers = (await Task.WhenAll(flooding)).SelectMany(a => a).ToList();
        times.Sort();
        Assert.InRange(times[296], TimeSpan.Zero, Slow); // p99
        var (unauthenticated, refused) = (answers.Where(a => a.Status == HttpStatusCode.Unauthorized), answers.Where(a => a.RetryAfter > 0).ToList());
        Assert.InRange(unauthenticated.Count(), Failures, Failures + 8 + 20); // those at once, and what comes back meanwhile
        Assert.All(refused, a => Assert.Equal(HttpStatusCode.TooManyRequests, a.Status));
        Assert.Equal(answers.Count, unauthenticated.Count() + refused.Count);
        Assert.InRange(refused.Count, 100, int.MaxValue);
        Assert.Single(gateway.AccessLog.Records, r => (string?)r["event"] == "credentials-guessed");
        Assert.Matches("""gatehouse_throttle_events_total\{[^}]*event="credentials-guessed"[^}]*\} 1""",
            await gateway.Administration.GetStringAsync("/metrics", Cancel));
    }

    [Fact]
    [Control("RTE-3")]
    public async Task What_is_refused_unseen_is_refused_in_the_usual_form()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "throttle: { failures: 1, every: 1h }");
        using var client = gateway.Client("edge");
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(client, "x.y.z")).Status);
        using var request = Request(Token(_issuer)); // good, but nobody knows it yet: nothing is spent to find out
        using var refused = await client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(58), TimeSpan.FromHours(1));
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync(Cancel))!;
        Assert.EndsWith("too-many-failures", (string?)problem["type"], StringComparison.Ordinal);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "too-many-failures", Cancel);
        Assert.Equal("throttle", (string?)line["decidedBy"]);
    }

    private static async Task<List<(HttpStatusCode Status, double RetryAfter)>> FloodAsync(
        HttpClient client, string[] tokens, int first, CancellationToken end)
    {
        var answers = new List<(HttpStatusCode, double)>();
        for (var i = first; !end.IsCancellationRequested; i++)
        {
            var (status, retryAfter, _) = await CallAsync(client, tokens[i % tokens.Length]);
            answers.Add((status, retryAfter));
        }

        return answers;
    }

    private static async Task<(HttpStatusCode Status, double RetryAfter, TimeSpan Took)> CallAsync(HttpClient client, string token)
    {
        var began = Stopwatch.GetTimestamp();
        using var request = Request(token);
        using var response = await client.SendAsync(request, Cancel);
        return (response.StatusCode, response.Headers.RetryAfter?.Delta?.TotalSeconds ?? 0, Stopwatch.GetElapsedTime(began));
    }

    private static HttpRequestMessage Request(string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return request;
    }

    /// <summary>Tokens that are sound but for the signature, which is another's: to find out costs a verification each.</summary>
    private static string[] BadTokens()
    {
        using var stranger = new TestIssuer();
        return [.. Enumerable.Range(0, 100).Select(_ => Token(stranger))];
    }

    private static string Token(TestIssuer issuer) => issuer.Token(
        TimeProvider.System.GetUtcNow(),
        new JsonObject { ["client_id"] = "web-shop", ["sub"] = "web-shop", ["jti"] = Guid.NewGuid().ToString() });

    private Task<TestGateway> StartAsync(FakeUpstream upstream, string more = "") => TestGateway.StartAsync(
        new OrdersDeclaration(upstream)
        {
            Who = OrdersDeclaration.ByToken(OrdersDeclaration.Issuer, people: false),
            Access = "consumers: [web-shop]",
            MoreOfListener = more.Length == 0 ? "" : ", " + more,
        },
        new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() });
}
