namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The calls that programs make for a person: customers by the shop and the app, staff by the tools of the house.</summary>
internal static class DemoPeopleCalls
{
    private const string Shop = "https://shop.retailer.example";
    private const string NoSuchOrder = "urn:retailer:problem:no-such-order";

    private static ExpectedAnswer Unauthenticated { get; } = new(401) { Problem = "unauthenticated", Carries = [("WWW-Authenticate", "Bearer")] };

    public static IEnumerable<DemoCall> Allowed(DemoSite site) =>
    [
        new("Allowed", "The web shop reads order 17 for customer 17; two destinations take turns (servedBy)", "GET",
            new Uri(site.Doors.Edge, "/orders/17"),
            new(200) { Says = ["\"servedBy\":\"orders-1\"", "\"servedBy\":\"orders-2\""], Carries = [("RateLimit", "\"person\"")] })
        {
            Token = site.Token("web-shop", "customer-17"),
            Times = 2,
        },
        new("Allowed", "So does the app, by the same route", "GET", new Uri(site.Doors.Edge, "/orders/17"), new(200) { Says = ["\"order\":17"] })
        {
            Token = site.Token("mobile-app", "customer-17"),
        },
        new("Allowed", "The contact centre reads it for Anna of customer care, inside", "GET", new Uri(site.Doors.Inside, "/orders/17"),
            new(200) { Says = ["\"order\":17"] }) { Token = site.Token("contact-centre", "anna") },
        new("Allowed", "And starts a return: a write, complete before the service hears of it", "POST", new Uri(site.Doors.Inside, "/returns"),
            new(201) { Says = ["\"return\":701"] }) { Token = site.Token("contact-centre", "anna"), Json = """{"order":17}""" },
    ];

    public static IEnumerable<DemoCall> Theirs(DemoSite site) =>
    [
        new("Theirs", "Customer 17 asks for order 18: the gateway lets it pass, the service knows whose it is and refuses", "GET",
            new Uri(site.Doors.Edge, "/orders/18"),
            new(404) { Problem = NoSuchOrder })
        {
            Token = site.Token("web-shop", "customer-17"),
            Logged = ["\"consumer\":\"web-shop\"", "\"people\":\"customers\""],
            ServiceLogged = "order 18 was refused, for it is not the caller's; consumer web-shop",
        },
        new("Theirs", "And says in header fields that it is customer 18: nobody listens", "GET",
            new Uri(site.Doors.Edge, "/orders/18"),
            new(404) { Problem = NoSuchOrder })
        {
            Token = site.Token("web-shop", "customer-17"),
            Headers = [("X-User-Id", "customer-18"), ("Gatehouse-Assertion", "e30.e30.AAAA")],
        },
        new("Theirs", "Order 18 for Anna of customer care, who may see every customer's", "GET", new Uri(site.Doors.Inside, "/orders/18"),
            new(200) { Says = ["\"order\":18"] })
        {
            Token = site.Token("contact-centre", "anna"),
            Logged = ["\"consumer\":\"contact-centre\"", "\"people\":\"care-staff\""],
        },
    ];

    public static IEnumerable<DemoCall> Browsers(DemoSite site) =>
    [
        new("Browsers", "A browser asks whether a script of the shop may call: the gateway answers, no service is asked", "OPTIONS",
            new Uri(site.Doors.Edge, "/orders/17"),
            new(204) { ByGateway = true, Carries = [("Access-Control-Allow-Origin", Shop), ("Access-Control-Allow-Headers", "Authorization")] })
        {
            Headers = [("Origin", Shop), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization")],
        },
        new("Browsers", "For a script of another site the answer is that of any OPTIONS", "OPTIONS", new Uri(site.Doors.Edge, "/orders/17"),
            new(405) { Problem = "method-not-allowed", Lacks = ["Access-Control-Allow-Origin"] })
        {
            Headers = [("Origin", "https://elsewhere.example"), ("Access-Control-Request-Method", "GET")],
        },
        new("Browsers", "The script's own call: the browser may hand over the answer", "GET", new Uri(site.Doors.Edge, "/orders/17"),
            new(200) { Carries = [("Access-Control-Allow-Origin", Shop), ("Vary", "Origin")] })
        {
            Token = site.Token("web-shop", "customer-17"),
            Headers = [("Origin", Shop)],
        },
    ];

    public static IEnumerable<DemoCall> Refused(DemoSite site)
    {
        var order = new Uri(site.Doors.Edge, "/orders/17");
        return
        [
            new("Refused", "Without a token", "GET", order, Unauthenticated),
            .. BadTokens(site, order),
            new("Refused", "A token where it would be logged", "GET", new Uri(order, "?access_token=eyJhbGciOiJFUzI1NiJ9.e30.c2ln"),
                new(400) { Problem = "credential-misplaced" }),
            new("Refused", "A token of the newsletter, which is not good for orders", "GET", order,
                new(403) { Problem = "insufficient-scope", Carries = [("WWW-Authenticate", "orders.read")] })
            {
                Token = site.Token("newsletter", "customer-17"),
            },
            new("Refused", "The web shop for nobody: the route is for those who speak for a person", "GET", order, new(403) { Problem = "forbidden" })
            {
                Token = site.Token("web-shop"),
                Logged = ["\"reason\":\"the route names people, and the caller speaks for none\""],
            },
            new("Refused", "Ben of the warehouse, by the contact centre's tool: it may, he may not", "GET", new Uri(site.Doors.Inside, "/orders/17"),
                new(403) { Problem = "forbidden" }) { Token = site.Token("contact-centre", "ben") },
            new("Refused", "A customer, at a route for staff", "GET", new Uri(site.Doors.Inside, "/customers/17"),
                new(403) { Problem = "forbidden" }) { Token = site.Token("web-shop", "customer-17") },
        ];
    }

    public static IEnumerable<DemoCall> Limited(DemoSite site) =>
    [
        new("Limited", "Five looks at returns a minute for each person, whatever program asks", "GET", new Uri(site.Doors.Edge, "/returns/21"),
            new(429) { Problem = "limit-exceeded", Carries = [("Retry-After", "")] }) { Token = site.Token("web-shop", "customer-21"), Times = 6 },
        new("Limited", "Another customer does not notice", "GET", new Uri(site.Doors.Edge, "/returns/22"),
            new(200) { Says = ["\"return\":22"] }) { Token = site.Token("web-shop", "customer-22") },
    ];

    public static IEnumerable<DemoCall> Apart(DemoSite site) =>
    [
        new("Apart", "Who a customer is, for customer care, inside", "GET", new Uri(site.Doors.Inside, "/customers/17"),
            new(200) { Says = ["Customer 17"] }) { Token = site.Token("contact-centre", "anna") },
        new("Apart", "To erase one is an administrative action: not there inside, whoever asks", "DELETE",
            new Uri(site.Doors.Inside, "/customers/18"),
            new(405) { Problem = "method-not-allowed", Carries = [("Allow", "GET")] }) { Token = site.Token("privacy-office", "paula") },
        new("Apart", "At the desk customer care may not", "DELETE", new Uri(site.Doors.Desk, "/customers/18"),
            new(403) { Problem = "forbidden" }) { Token = site.Token("contact-centre", "anna") },
        new("Apart", "At the desk Paula of the privacy office may", "DELETE", new Uri(site.Doors.Desk, "/customers/18"),
            new(200) { Says = ["\"erased\":18"] }) { Token = site.Token("privacy-office", "paula") },
    ];

    /// <summary>Tokens of which each has one fault. Outside the answer is the same for all; the access log has the reason.</summary>
    private static IEnumerable<DemoCall> BadTokens(DemoSite site, Uri order)
    {
        var (tokens, shop, customer) = (site.Issuer.Tokens, DemoClient.Find("web-shop")!, DemoPerson.Find("customer-17")!);
        (string Shows, string Name, string Token, string Reason)[] faults =
        [
            ("A token that has ended", "ended", tokens.Expired(shop, customer), "token: expired"),
            ("A good token, for somebody else's services", "for-another", tokens.ForAnother(shop, customer), "token: for another audience"),
            ("A token that says of itself that it is not signed", "unsigned", tokens.Unsigned(shop, customer), "token: no signature"),
            ("A token of an issuer that nobody declared", "of-stranger", tokens.OfStranger(shop, customer), "token: of no declared issuer"),
            ("A token in the issuer's name, under another key", "forged", tokens.Forged(shop, customer), "token: signature"),
        ];
        return faults.Select(fault => new DemoCall("Refused", fault.Shows, "GET", order, Unauthenticated)
        {
            Token = site.FaultyToken(fault.Name, fault.Token),
            Logged = [$"\"reason\":\"{fault.Reason}\""],
        });
    }
}
