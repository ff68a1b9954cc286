using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Lifecycle;

public sealed class LifecycleTests
{
    private const string OldThing =
        """

              old-thing:
                match: GET /v1/things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                lifecycle: { deprecated: 2026-11-01, sunset: 2026-11-30, successor: get-thing, documentation: "https://docs.retailer.example/things" }
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("EXP-7")]
    public async Task A_route_says_that_it_ends_and_from_then_on_no_backend_hears_of_it()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 29, 23, 59, 59, TimeSpan.Zero));
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/v1/things/7", 200, "old", ("Link", "</about>; rel=\"about\""), ("Sunset", "Fri, 01 Jan 2100 00:00:00 GMT"));
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address) { MoreRoutes = OldThing }, clock: clock);
        var client = gateway.Client("edge");

        var before = await client.GetAsync("/v1/things/7", Cancel);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        AssertAnnounced(before);
        Assert.Contains("</about>; rel=\"about\"", before.Headers.GetValues("Link"));

        clock.Advance(TimeSpan.FromSeconds(1));
        var (requests, connections) = (upstream.Requests.Count, upstream.Connections);
        var after = await client.GetAsync("/v1/things/7", Cancel);
        Assert.Equal(HttpStatusCode.Gone, after.StatusCode);
        Assert.Contains("urn:gatehouse:problem:gone", await after.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        AssertAnnounced(after);
        Assert.Equal((requests, connections), (upstream.Requests.Count, upstream.Connections));
        var line = await gateway.AccessLog.WaitForAsync(l => (int?)l["status"] == 410, Cancel);
        Assert.Equal(("things/old-thing", "lifecycle"), ((string?)line["route"], (string?)line["decidedBy"]));

        var successor = await client.GetAsync("/things/7", Cancel);
        Assert.Equal(HttpStatusCode.OK, successor.StatusCode);
        Assert.False(successor.Headers.Contains("Deprecation") || successor.Headers.Contains("Sunset") || successor.Headers.Contains("Link"));
    }

    private static void AssertAnnounced(HttpResponseMessage response)
    {
        Assert.Equal("@1793491200", Assert.Single(response.Headers.GetValues("Deprecation")));
        Assert.Equal("Mon, 30 Nov 2026 00:00:00 GMT", Assert.Single(response.Headers.GetValues("Sunset")));
        var links = response.Headers.GetValues("Link").ToList();
        Assert.Contains("<https://docs.retailer.example/things>; rel=\"deprecation sunset\"", links);
        Assert.Contains("</things/7>; rel=\"successor-version\"", links);
    }
}
