using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Cors;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using RouteAccess = Gatehouse.Routes.Access;

namespace Gatehouse.Tests.Policies.Cors;

public sealed class CorsPolicyTests
{
    private const string Shop =
        """
        cors:
          origins: ["https://shop.example", "http://localhost:3000"]
          headers: [Content-Type, X-Cart]
          expose: [X-Request-Id]
          credentials: true
          maxAge: 10m
        """;

    private readonly PolicyHarness _harness = new();

    public static TheoryData<string> Foreign =>
    [
        "https://evil.example", "null", "*", "", "http://shop.example", "https://shop.example:8443", "https://shop.example:443",
        "https://SHOP.example",
        "https://shop.example/", "https://shop.example.evil.example", "https://evilshop.example", "https://a.shop.example", "http://localhost",
        "https://shop.example, https://evil.example",
    ];

    [Fact]
    [Control("VAL-11")]
    public void Answers_a_preflight_with_what_is_declared_and_no_more()
    {
        var exchange = Preflight("https://shop.example");
        Assert.Equal(VerdictKind.Answered, Run(Shop, exchange).Kind);
        Assert.Equal(204, exchange.Http.Response.StatusCode);
        Assert.Equal(
            [
                "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Headers: Content-Type, X-Cart", "Access-Control-Allow-Methods: GET",
                "Access-Control-Allow-Origin: https://shop.example", "Access-Control-Max-Age: 600", "Allow: DELETE, GET", "Vary: Origin",
            ],
            HeadersOf(exchange));
    }

    [Fact]
    public void Knows_the_origin_of_the_call_whatever_the_service_is_told()
    {
        var exchange = _harness.Exchange();
        exchange.RequestHeaders.Origin = "https://shop.example";
        var policy = _harness.Compile(new CorsKind(), Shop)!;
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(policy, exchange).Kind);
        exchange.RequestHeaders.Remove("Origin"); // as its route adapts it
        policy.OnResponse(exchange);
        Assert.Equal("https://shop.example", exchange.ResponseHeaders.AccessControlAllowOrigin);
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    [Control("VAL-11")]
    public void Gives_a_foreign_preflight_the_answer_of_any_other_options(string origin)
    {
        var exchange = Preflight(origin);
        var verdict = Run(Shop, exchange);
        Assert.Same(Problems.MethodNotAllowed, verdict.Problem);
        Assert.Equal(["Allow: DELETE, GET"], HeadersOf(exchange));
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    [Control("VAL-11")]
    public void Tells_a_foreign_origin_nothing_and_does_not_block_its_call(string origin)
    {
        var exchange = _harness.Exchange(headers: ("Origin", origin));
        Assert.Equal(VerdictKind.Continue, Run(Shop, exchange).Kind);
        Assert.Equal(["Vary: Origin"], HeadersOf(exchange));
    }

    [Fact]
    [Control("VAL-11")]
    public void Tells_two_origins_nothing()
    {
        var exchange = _harness.Exchange(headers: [("Origin", "https://shop.example"), ("Origin", "https://shop.example")]);
        Run(Shop, exchange);
        Assert.Equal(["Vary: Origin"], HeadersOf(exchange));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("limit-exceeded")]
    [Control("VAL-11")]
    public void Lets_a_declared_origin_read_answers_and_refusals(string? problem)
    {
        var exchange = _harness.Exchange(headers: ("Origin", "http://localhost:3000"));
        exchange.Problem = Problems.All.FirstOrDefault(p => p.Name == problem);
        Run(Shop, exchange);
        Assert.Equal(
            [
                "Access-Control-Allow-Credentials: true", "Access-Control-Allow-Origin: http://localhost:3000",
                "Access-Control-Expose-Headers: X-Request-Id", "Vary: Origin",
            ],
            HeadersOf(exchange));
    }

    [Fact]
    [Control("VAL-11")]
    public void Takes_a_backends_own_word_away()
    {
        var exchange = _harness.Exchange(headers: ("Origin", "https://evil.example"));
        foreach (var name in (string[])["Origin", "Credentials", "Headers", "Methods", "Private-Network"])
            exchange.ResponseHeaders["Access-Control-Allow-" + name] = "https://evil.example";
        exchange.ResponseHeaders["Access-Control-Expose-Headers"] = "*";
        exchange.ResponseHeaders["access-control-max-age"] = "86400";
        Run(Shop, exchange);
        Assert.Equal(["Vary: Origin"], HeadersOf(exchange));
    }

    [Theory]
    [InlineData("Accept-Encoding", "Accept-Encoding,Origin")]
    [InlineData("accept, ORIGIN", "accept, ORIGIN")]
    [InlineData("*", "*")]
    [InlineData("Origin-Trial", "Origin-Trial,Origin")]
    public void Keeps_what_else_an_answer_varies_by(string vary, string after)
    {
        var exchange = _harness.Exchange();
        exchange.ResponseHeaders.Vary = vary;
        Run(Shop, exchange);
        Assert.Equal(after, exchange.ResponseHeaders.Vary.ToString());
    }

    [Fact]
    [Control("VAL-11")]
    public void Opens_to_every_site_without_naming_one()
    {
        var exchange = _harness.Exchange(headers: ("Origin", "https://any.example"));
        Run("""cors: { origins: ["*"] }""", exchange);
        Assert.Equal(["Access-Control-Allow-Origin: *"], HeadersOf(exchange));
        exchange = _harness.Exchange();
        Run("""cors: { origins: ["*"] }""", exchange);
        Assert.Empty(HeadersOf(exchange));
    }

    [Fact]
    public void Costs_nothing_without_an_origin()
    {
        var policy = _harness.Compile(new CorsKind(), Shop)!;
        var exchange = _harness.Exchange();
        policy.OnResponse(exchange);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            PolicyHarness.Decide(policy, exchange);
            policy.OnResponse(exchange);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("https://shop.example")]
    [InlineData(null)]
    [Control("VAL-11")]
    public void Takes_a_backends_own_word_away_where_only_another_method_is_opened(string? origin)
    {
        var exchange = _harness.Exchange(headers: origin is null ? [] : [("Origin", origin)]);
        foreach (var name in (string[])["Allow-Origin", "Allow-Credentials", "Allow-Private-Network", "Expose-Headers"])
            exchange.ResponseHeaders["Access-Control-" + name] = "https://shop.example";
        exchange.ResponseHeaders.Vary = "Accept";
        Assert.Equal(VerdictKind.Continue, Run("""cors: { origins: ["https://shop.example"], methods: [POST] }""", exchange).Kind);
        Assert.Equal(["Vary: Accept"], HeadersOf(exchange));
    }

    [Fact]
    public void Is_not_there_where_nothing_is_said() => Assert.Null(_harness.Compile(new CorsKind(), "{}"));

    [Theory]
    [InlineData("""{ origins: ["*"], credentials: true }""", "GH1039")]
    [InlineData("""{ origins: ["*", "https://shop.example"] }""", "GH2011")]
    [InlineData("""{ origins: ["null"] }""", "GH1039")]
    [InlineData("""{ origins: [null] }""", "GH1039")]
    [InlineData("""{ origins: ["https://*.shop.example"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://shop.example/"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://shop.example:443"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://Shop.example"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://user@shop.example"] }""", "GH2006")]
    [InlineData("""{ origins: ["shop.example"] }""", "GH2006")]
    [InlineData("""{ origins: ["^https://.*$"] }""", "GH2006")]
    [InlineData("""{ origins: ["http://shop.example"] }""", "GH1039")]
    [InlineData("""{ origins: [] }""", "GH2006")]
    [InlineData("""{ headers: [X-Cart] }""", "GH2005")]
    [InlineData("""{ origins: ["https://shop.example"], headers: ["*"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://shop.example"], expose: ["*"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://shop.example"], methods: ["*"] }""", "GH2006")]
    [InlineData("""{ origins: ["https://shop.example"], maxAge: 2d }""", "GH2006")]
    [Control("VAL-11")]
    public void Refuses_to_open_more_than_somebody_has_named(string cors, string rule)
    {
        _harness.Route(new CorsKind(), "cors: " + cors);
        Assert.Equal([rule], _harness.Findings.InOrder().Select(f => f.Rule.Id));
    }

    [Fact]
    [Control("VAL-11")]
    public void Refuses_every_site_where_a_credential_is_needed()
    {
        var route = _harness.Route(new CorsKind(), """cors: { origins: ["*"] }""", access: new RouteAccess());
        new CorsKind().Check(route, _harness.Findings);
        Assert.Equal(["GH1039"], _harness.Findings.InOrder().Select(f => f.Rule.Id));
    }

    [Fact]
    public void Says_when_no_route_has_the_method_that_is_opened()
    {
        var route = _harness.Route(new CorsKind(), """cors: { origins: ["https://shop.example"], methods: [GET, POST] }""");
        new CorsKind().CheckTogether([route], _harness.Findings);
        Assert.Equal("'cors' opens POST, but none of its routes has this method", Assert.Single(_harness.Findings.InOrder()).Message);
    }

    [Theory]
    [InlineData("{}", null, true)]
    [InlineData("{}", "https://shop.example", false)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", "https://shop.example", true)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", "https://shop.example:443", false)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", "HTTPS://SHOP.EXAMPLE", false)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", "null", false)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", "", false)]
    [InlineData("""cors: { origins: ["https://shop.example"] }""", null, true)]
    [InlineData("""cors: { origins: ["*"] }""", "https://evil.example", true)]
    [Control("VAL-11", "WebSockets that pages open")]
    public void Lets_pages_of_named_sites_alone_open_a_WebSocket(string fragment, string? origin, bool passes)
    {
        var route = _harness.Route(new CorsKind(), fragment, upgrade: Gatehouse.Routes.Upgrade.WebSocket);
        var exchange = _harness.Exchange(headers: origin is null ? [] : [("Origin", origin)]);
        var verdict = PolicyHarness.Decide(new CorsKind().Compile(route, _harness.Measured)!, exchange);
        Assert.Same(passes ? null : Problems.Forbidden, verdict.Problem);
    }

    [Fact]
    [Control("VAL-11", "WebSockets of two origins")]
    public void Lets_nobody_open_a_WebSocket_who_names_two_sites()
    {
        var route = _harness.Route(new CorsKind(), """cors: { origins: ["https://shop.example"] }""", upgrade: Gatehouse.Routes.Upgrade.WebSocket);
        var exchange = _harness.Exchange(headers: [("Origin", "https://shop.example"), ("Origin", "https://evil.example")]);
        Assert.Same(Problems.Forbidden, PolicyHarness.Decide(new CorsKind().Compile(route, _harness.Measured)!, exchange).Problem);
    }

    private Exchange Preflight(string origin)
    {
        var exchange = _harness.Exchange("OPTIONS", headers: [("Origin", origin), ("Access-Control-Request-Method", "GET")]);
        exchange.Preflight = new Preflight("DELETE, GET");
        return exchange;
    }

    private Verdict Run(string fragment, Exchange exchange)
    {
        var policy = _harness.Compile(new CorsKind(), fragment)!;
        Assert.Empty(_harness.Findings.InOrder());
        var verdict = PolicyHarness.Decide(policy, exchange);
        exchange.Problem ??= verdict.Problem;
        policy.OnResponse(exchange);
        return verdict;
    }

    private static IEnumerable<string> HeadersOf(Exchange exchange) =>
        exchange.ResponseHeaders.Select(h => $"{h.Key}: {h.Value}").Order(StringComparer.Ordinal);
}
