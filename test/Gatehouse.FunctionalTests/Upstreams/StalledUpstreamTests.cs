using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Upstreams;

/// <summary>One service stands still; the others are as fast as before, and the gateway holds no more for it than is declared.</summary>
public sealed class StalledUpstreamTests
{
    private const int AtOnce = 8;
    private const int Quick = 200;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Control("RES-4")]
    [Fact]
    public async Task Calls_beyond_what_it_may_have_are_refused_at_once_and_calls_to_others_pass()
    {
        await using var stalled = await FakeUpstream.StartAsync();
        stalled.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var quick = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Two(stalled, quick));
        var client = gateway.Client("edge");

        var waiting = Enumerable.Range(0, AtOnce).Select(_ => client.GetAsync("/things/1", Cancel)).ToList();
        for (var i = 0; i < AtOnce; i++) await stalled.NextAsync(Cancel);
        for (var i = 0; i < Quick; i++)
        {
            using var refused = await client.GetAsync("/things/1", Cancel).WaitAsync(Patience.Limit, Cancel);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("upstream-busy", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            using var answered = await client.GetAsync("/quick/1", Cancel).WaitAsync(Patience.Limit, Cancel);
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        }

        Assert.Equal(AtOnce, stalled.Requests.Count);
        Assert.Equal(Quick, quick.Requests.Count);
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        var metrics = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Matches("""gatehouse_refusals_total\{[^}]*problem="upstream-busy"[^}]*\} 200""", metrics);
        client.CancelPendingRequests();
        foreach (var call in waiting) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task A_reload_with_more_places_lets_more_in_and_forgets_nobody_who_is_inside()
    {
        await using var stalled = await FakeUpstream.StartAsync();
        stalled.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var quick = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Two(stalled, quick));
        var client = gateway.Client("edge");
        var waiting = Enumerable.Range(0, AtOnce).Select(_ => client.GetAsync("/things/1", Cancel)).ToList();
        for (var i = 0; i < AtOnce; i++) await stalled.NextAsync(Cancel);

        await gateway.ReloadAsync(Two(stalled, quick, AtOnce + 1), Cancel);
        waiting.Add(client.GetAsync("/things/1", Cancel));
        await stalled.NextAsync(Cancel);
        using var refused = await client.GetAsync("/things/1", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        client.CancelPendingRequests();
        foreach (var call in waiting) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private static string Two(FakeUpstream stalled, FakeUpstream quick, int atOnce = AtOnce) => new SmallDeclaration(stalled.Address)
    {
        MoreOfUpstream = $$"""
            , atOnce: {{atOnce}} }
              quick: { destinations: ["{{quick.Address.GetLeftPart(UriPartial.Authority)}}"]
            """,
        MoreRoutes =
            """

                  get-quick:
                    match: GET /quick/{id}
                    upstream: quick
                    exposure: public
                    effect: read
                    personalData: none
                    access: { anonymous: "a test" }
                    limits: [ { per: all, allow: 1000000, every: 1s } ]
            """,
    };
}
