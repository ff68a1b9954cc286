namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The calls of the demo, in the order in which they are best tried.</summary>
internal static class DemoCalls
{
    /// <param name="orders">One of the orders services, which nobody should reach but the gateway.</param>
    public static IReadOnlyList<DemoCall> For(DemoDoors doors, DemoKeys keys, Uri orders) =>
        [
            .. Allowed(doors, keys),
            .. Ending(doors),
            .. Refused(doors, keys),
            .. Limited(doors),
            .. Hidden(doors, keys),
            .. Apart(doors, keys),
            .. Around(orders),
            .. Watched(doors),
        ];

    private static IEnumerable<DemoCall> Allowed(DemoDoors doors, DemoKeys keys) =>
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
        new("Allowed", "The web shop's key opens orders; two destinations take turns (servedBy)", "GET", new Uri(doors.Edge, "/orders/17"),
            new(200) { Says = ["\"servedBy\":\"orders-1\"", "\"servedBy\":\"orders-2\""], Carries = [("RateLimit", "")] })
        {
            Key = keys.WebShop.Key,
            Times = 2,
        },
        new("Allowed", "The contact centre starts a return, inside: a write, complete before the service hears of it", "POST", new Uri(doors.Inside, "/returns"),
            new(201) { Says = ["\"return\":701"] }) { Key = keys.ContactCentre.Key, Json = """{"order":17}""" },
        new("Allowed", "A partner fetches a document on the partners' own listener: its key and its addresses, both", "GET", new Uri(doors.Partners, "/documents/d-17"),
            new(200) { Says = ["delivery note"] }) { Key = keys.AcmeFreight.Key },
    ];

    private static IEnumerable<DemoCall> Ending(DemoDoors doors) =>
    [
        new("Ending", "A deprecated route still answers, and says until when and what comes after it", "GET", new Uri(doors.Edge, "/v1/stock/tea-green"),
            new(200) { Carries = [("Deprecation", "@"), ("Sunset", "GMT"), ("Link", "successor-version")] }),
        new("Ending", "A retired one is gone, and its service is not asked", "GET", new Uri(doors.Edge, "/v0/stock/tea-green"),
            new(410) { Problem = "gone", Carries = [("Link", "successor-version")] }),
    ];

    private static IEnumerable<DemoCall> Refused(DemoDoors doors, DemoKeys keys) =>
    [
        new("Refused", "Without a key", "GET", new Uri(doors.Edge, "/orders/17"), new(401) { Problem = "unauthenticated" }),
        new("Refused", "With a key that nobody holds: the same answer, in the same time", "GET", new Uri(doors.Edge, "/orders/17"),
            new(401) { Problem = "unauthenticated" }) { Key = keys.OfNobody.Key },
        new("Refused", "With the key of a consumer that the route does not name", "GET", new Uri(doors.Edge, "/orders/17"),
            new(403) { Problem = "forbidden" }) { Key = keys.StockSync.Key },
        new("Refused", "With the key of a consumer that was never granted the scope", "GET", new Uri(doors.Edge, "/orders/17"),
            new(403) { Problem = "insufficient-scope" }) { Key = keys.Newsletter.Key },
        new("Refused", "With a key where keys end up in logs and histories", "GET", new Uri(doors.Edge, $"/orders/17?api_key={keys.OfNobody.Key}"),
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

    private static IEnumerable<DemoCall> Apart(DemoDoors doors, DemoKeys keys) =>
    [
        new("Apart", "Who a customer is, for the contact centre, inside", "GET", new Uri(doors.Inside, "/customers/17"),
            new(200) { Says = ["Customer 17"] }) { Key = keys.ContactCentre.Key },
        new("Apart", "To erase one is an administrative action: not there inside, whoever asks", "DELETE", new Uri(doors.Inside, "/customers/18"),
            new(405) { Problem = "method-not-allowed", Carries = [("Allow", "GET")] }) { Key = keys.PrivacyOffice.Key },
        new("Apart", "At the desk the contact centre may not", "DELETE", new Uri(doors.Desk, "/customers/18"),
            new(403) { Problem = "forbidden" }) { Key = keys.ContactCentre.Key },
        new("Apart", "At the desk the privacy office may", "DELETE", new Uri(doors.Desk, "/customers/18"),
            new(200) { Says = ["\"erased\":18"] }) { Key = keys.PrivacyOffice.Key },
        new("Apart", "The partners' documents at the edge: nothing is there", "GET", new Uri(doors.Edge, "/documents/d-17"),
            new(404) { Problem = "not-found" }) { Key = keys.AcmeFreight.Key },
    ];

    private static IEnumerable<DemoCall> Around(Uri orders) =>
    [
        new("Around", "The orders service itself, past the gateway: nobody vouches for the call", "GET", new Uri(orders, "/orders/17"),
            new(401) { Problem = "about:blank", Lacks = [] }),
    ];

    private static IEnumerable<DemoCall> Watched(DemoDoors doors) =>
    [
        new("Watched", "The keys by which services verify who calls; no secret is among them", "GET",
            new Uri(doors.Inside, "/.well-known/gatehouse/keys"),
            new(200) { Says = ["\"ES256\""], Carries = [("Cache-Control", "max-age=300")] }),
        new("Watched", "Ready to serve", "GET", new Uri(doors.Administration, "/readyz"), new(200)),
        new("Watched", "What happened so far, for Prometheus", "GET", new Uri(doors.Administration, "/metrics"), new(200) { Says = ["gatehouse_"] }),
    ];
}
