namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The calls of the demo, in the order in which they are best tried.</summary>
internal static class DemoCalls
{
    public static IReadOnlyList<DemoCall> For(DemoSite site) =>
    [
        .. Allowed(site.Doors),
        .. DemoPeopleCalls.Allowed(site),
        .. DemoPeopleCalls.Theirs(site),
        .. DemoPeopleCalls.Browsers(site),
        .. Ending(site.Doors),
        .. DemoPeopleCalls.Refused(site),
        .. Refused(site.Doors, site.Keys),
        .. Limited(site.Doors),
        .. DemoPeopleCalls.Limited(site),
        .. Hidden(site.Doors, site.Keys),
        .. DemoPeopleCalls.Apart(site),
        .. DemoPartnerCalls.For(site.Doors, site.Certificates),
        .. Around(site.Orders),
        .. Watched(site.Doors),
    ];

    private static IEnumerable<DemoCall> Allowed(DemoDoors doors) =>
    [
        new("Allowed", "Anybody may read stock levels: the route says so and says why", "GET", new Uri(doors.Edge, "/stock/tea-green"),
            new(200) { Says = ["\"available\""] }),
        new("Allowed", "The service learns of the channel; what it says of itself (X-Powered-By, X-Warehouse) stays inside", "GET",
            new Uri(doors.Edge, "/stock/cup-blue"),
            new(200)
            {
                Says = ["\"channel\":\"gatehouse\""],
                Carries = [("Cache-Control", "max-age=10"), ("X-Request-Id", "")],
            }),
    ];

    private static IEnumerable<DemoCall> Ending(DemoDoors doors) =>
    [
        new("Ending", "A deprecated route still answers, and says until when and what comes after it", "GET",
            new Uri(doors.Edge, "/v1/stock/tea-green"),
            new(200) { Carries = [("Deprecation", "@"), ("Sunset", "GMT"), ("Link", "successor-version")] }),
        new("Ending", "A retired one is gone, and its service is not asked", "GET", new Uri(doors.Edge, "/v0/stock/tea-green"),
            new(410) { Problem = "gone", Carries = [("Link", "successor-version")] }),
    ];

    private static IEnumerable<DemoCall> Refused(DemoDoors doors, DemoKeys keys) =>
    [
        new("Refused", "A key that nobody holds: the same answer as without one, in the same time", "GET", new Uri(doors.Edge, "/orders/17"),
            new(401) { Problem = "unauthenticated" }) { Key = keys.OfNobody.Key },
        new("Refused", "The key of a program that the route does not name", "GET", new Uri(doors.Edge, "/orders/17"),
            new(403) { Problem = "forbidden" }) { Key = keys.StockSync.Key },
        new("Refused", "A key where keys end up in logs and histories", "GET", new Uri(doors.Edge, $"/stock/tea-green?api_key={keys.OfNobody.Key}"),
            new(400) { Problem = "credential-misplaced" }),
        new("Refused", "A method that is not declared", "DELETE", new Uri(doors.Edge, "/stock/tea-green"),
            new(405) { Problem = "method-not-allowed", Carries = [("Allow", "GET")] }),
    ];

    private static IEnumerable<DemoCall> Limited(DemoDoors doors) =>
    [
        new("Limited", "Three forecasts a minute for each address; the fourth is told when to come back", "GET",
            new Uri(doors.Edge, "/stock/tea-black/forecast"),
            new(429) { Problem = "limit-exceeded", Carries = [("Retry-After", "")] }) { Times = 4 },
    ];

    private static IEnumerable<DemoCall> Hidden(DemoDoors doors, DemoKeys keys) =>
    [
        new("Hidden", "The internal route, asked for at the edge: nothing is there, even with its key", "PUT",
            new Uri(doors.Edge, "/stock/tea-green/count"),
            new(404) { Problem = "not-found" }) { Key = keys.StockSync.Key, Json = """{"counted":41}""" },
        new("Hidden", "The same answer as for a path that nobody declared", "GET", new Uri(doors.Edge, "/nothing/here"), new(404)
        {
            Problem = "not-found",
        }),
        new("Hidden", "The same route inside, with its key", "PUT", new Uri(doors.Inside, "/stock/tea-green/count"),
            new(200) { Says = ["\"available\":41"] }) { Key = keys.StockSync.Key, Json = """{"counted":41}""" },
        new("Hidden", "And inside without a key: being inside proves nothing", "PUT", new Uri(doors.Inside, "/stock/tea-green/count"),
            new(401) { Problem = "unauthenticated" }) { Json = """{"counted":0}""" },
    ];

    private static IEnumerable<DemoCall> Around(Uri orders) =>
    [
        new("Around", "The orders service itself, past the gateway: nobody vouches for the call", "GET", new Uri(orders, "/orders/17"),
            new(401) { Problem = "about:blank", Lacks = [] }) { IsRecorded = false, ServiceLogged = "did not come through the gateway" },
    ];

    private static IEnumerable<DemoCall> Watched(DemoDoors doors) =>
    [
        new("Watched", "The keys by which services verify who calls; no secret is among them", "GET",
            new Uri(doors.Inside, "/.well-known/gatehouse/keys"),
            new(200) { ByGateway = true, Says = ["\"ES256\""], Carries = [("Cache-Control", "max-age=300")] }),
        new("Watched", "Ready to serve", "GET", new Uri(doors.Administration, "/readyz"), new(200)) { IsRecorded = false },
        new("Watched", "What happened so far, for Prometheus", "GET", new Uri(doors.Administration, "/metrics"), new(200) { Says = ["gatehouse_"] })
        {
            IsRecorded = false,
        },
    ];
}
