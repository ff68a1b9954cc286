using CsCheck;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Gatehouse.Tests.Routes;

namespace Gatehouse.Tests.Runtime;

public sealed class RouteTableTests
{
    private static readonly string[] Shop =
    [
        "GET /",
        "GET /orders",
        "POST /orders",
        "GET /orders/{id}",
        "POST /orders/search",
        "GET /orders/{id}/lines/{line}",
        "GET /orders/latest/lines/",
        "GET /files/{id}.json",
        "GET /files/{id}",
        "GET /files/v{version}.json",
        "GET /files/{id}0",
        "DELETE /files/{path**}",
        "GET /docs/{path**}",
        "GET /docs/{page}/print",
        "GET /tenant @a.example @b.example",
        "GET /tenant @a.example",
        "GET /tenant @a.example X-Mode:fast",
        "PUT /tenant @c.example",
        "GET /find",
        "GET /find ?state=open",
        "GET /find ?state=open X-Mode:fast",
        "GET /flags ?dry=",
        "OPTIONS /orders",
        "GET /alone/{a}/in/its/{b}/corner",
    ];

    /// <summary>Request and what it finds: a route as written above, the value of Allow, or nothing.</summary>
    [Theory]
    [Control("EXP-1")]
    [Control("EXP-2")]
    [InlineData("GET /", "GET /")]
    [InlineData("GET /orders", "GET /orders")]
    [InlineData("GET /orders/", "404")]
    [InlineData("GET /Orders", "404")]
    [InlineData("GET /orders/17", "GET /orders/{id}")]
    [InlineData("GET /orders/17/", "404")]
    [InlineData("GET /orders/search", "GET /orders/{id}")]
    [InlineData("POST /orders/search", "POST /orders/search")]
    [InlineData("POST /orders/17", "405 GET")]
    [InlineData("PATCH /orders/search", "405 GET, POST")]
    [InlineData("PATCH /orders", "405 GET, OPTIONS, POST")]
    [InlineData("HEAD /orders", "405 GET, OPTIONS, POST")]
    [InlineData("get /orders", "405 GET, OPTIONS, POST")]
    [InlineData("TRACE /orders", "405 GET, OPTIONS, POST")]
    [InlineData("OPTIONS /orders", "OPTIONS /orders")]
    [InlineData("OPTIONS /orders/17", "405 GET")]
    [InlineData("GET /orders/latest/lines/", "GET /orders/latest/lines/")]
    [InlineData("GET /orders/latest/lines/4", "GET /orders/{id}/lines/{line}")]
    [InlineData("GET /orders/17/lines/", "404")]
    [InlineData("GET /files/17.json", "GET /files/{id}.json")]
    [InlineData("GET /files/v2.json", "GET /files/v{version}.json")]
    [InlineData("GET /files/v.json", "GET /files/{id}.json")]
    [InlineData("GET /files/.json", "GET /files/{id}")]
    [InlineData("GET /files/a0", "GET /files/{id}0")]
    [InlineData("GET /files/a%20", "GET /files/{id}")]
    [InlineData("GET /files/a/b", "405 DELETE")]
    [InlineData("PUT /files/a", "405 DELETE, GET")]
    [InlineData("GET /docs/", "404")]
    [InlineData("GET /docs", "404")]
    [InlineData("GET /docs/a", "GET /docs/{path**}")]
    [InlineData("GET /docs/a/", "GET /docs/{path**}")]
    [InlineData("GET /docs/a/print", "GET /docs/{page}/print")]
    [InlineData("GET /docs/a/b/print", "GET /docs/{path**}")]
    [InlineData("GET /tenant @a.example", "GET /tenant @a.example")]
    [InlineData("GET /tenant @b.example", "GET /tenant @a.example @b.example")]
    [InlineData("GET /tenant @a.example X-Mode:fast", "GET /tenant @a.example X-Mode:fast")]
    [InlineData("GET /tenant @a.example X-Mode:FAST", "GET /tenant @a.example")]
    [InlineData("GET /tenant @c.example", "405 PUT")]
    [InlineData("POST /tenant @a.example", "405 GET")]
    [InlineData("GET /tenant @d.example", "404")]
    [InlineData("GET /find", "GET /find")]
    [InlineData("GET /find?state=open", "GET /find ?state=open")]
    [InlineData("GET /find?a=b&state=open&c", "GET /find ?state=open")]
    [InlineData("GET /find?st%61te=%6Fpen", "GET /find ?state=open")]
    [InlineData("GET /find?state=open x-mode:fast", "GET /find ?state=open X-Mode:fast")]
    [InlineData("GET /find?state=opened", "GET /find")]
    [InlineData("GET /find?state=open%zz", "GET /find")]
    [InlineData("GET /find?state", "GET /find")]
    [InlineData("GET /find?state=open&state=open", "404")]
    [InlineData("GET /find?state=open X-Mode:fast X-Mode:fast", "404")]
    [InlineData("GET /find X-Mode:fast X-Mode:fast", "GET /find")]
    [InlineData("GET /flags?dry", "GET /flags ?dry=")]
    [InlineData("GET /flags", "404")]
    [InlineData("OPTIONS *", "404")]
    [InlineData("GET /alone/1/in/its/2/corner", "GET /alone/{a}/in/its/{b}/corner")]
    [InlineData("GET /alone/1/in/its/2", "404")]
    [InlineData("GET /alone/1/in/its/2/corner/", "404")]
    [InlineData("GET /alone/1/in/its//corner", "404")]
    [InlineData("GET /alone/1/in/ITS/2/corner", "404")]
    [InlineData("GET /alone", "404")]
    [InlineData("POST /alone/1/in/its/2/corner", "405 GET")]
    public void Finds_the_strongest_claim(string request, string expected)
    {
        var found = Table(Shop).Find(RouteText.Request(request));
        Assert.Equal(expected, found.Route?.Route.Id.Value ?? (found.Allow is null ? "404" : "405 " + found.Allow));
    }

    [Theory]
    [Control("ERR-4", "a route that is hidden from the client, and its conditions")]
    [InlineData("GET /modes", "405 POST")] // as though there were no route for GET
    [InlineData("GET /modes X-Mode:fast X-Mode:fast", "405 POST")]
    [InlineData("DELETE /modes", "405 POST")]
    [InlineData("GET /alone", "404")]
    [InlineData("POST /alone", "404")]
    public void A_hidden_route_whose_conditions_are_not_met_is_not_there(string request, string expected)
    {
        CompiledRoute[] routes =
        [
            new(RouteText.Route("GET /modes X-Mode:fast"), [new Hiding()], null!),
            Compiled(RouteText.Route("POST /modes")),
            new(RouteText.Route("GET /alone X-Mode:fast"), [new Hiding()], null!),
        ];
        var found = RouteTable.Compile(routes).Find(RouteText.Request(request));
        Assert.Equal(expected, found.Route?.Route.Id.Value ?? (found.Allow is null ? "404" : "405 " + found.Allow));
    }

    [Fact]
    public void An_empty_table_finds_nothing() => Assert.Equal(default, Table([]).Find(RouteText.Request("GET /")));

    [Fact]
    public void Finds_what_the_plain_reference_finds() => Gen.Select(RandomRoutes.Table, RandomRoutes.Request.Array[1, 8]).Sample(
        (routes, requests) =>
        {
            var table = Decided(routes);
            var compiled = RouteTable.Compile(table.Select(Compiled));
            foreach (var request in requests)
            {
                var (route, allow) = RouteReference.Find(table, request);
                var found = compiled.Find(request);
                Assert.Equal((route is { } i ? table[i].Id.Value : null, allow), (found.Route?.Route.Id.Value, found.Allow));
            }
        },
        iter: 20_000);

    [Fact]
    public void The_order_of_declaration_does_not_matter() => Gen.Select(RandomRoutes.Table, RandomRoutes.Request).Sample(
        (routes, request) =>
        {
            var table = Decided(routes);
            var forwards = RouteTable.Compile(table.Select(Compiled)).Find(request);
            var backwards = RouteTable.Compile(table.Reverse().Select(Compiled)).Find(request);
            Assert.Equal((forwards.Route?.Route, forwards.Allow), (backwards.Route?.Route, backwards.Allow));
        },
        iter: 5_000);

    [Fact]
    public void No_path_query_or_host_makes_it_throw()
    {
        var table = Table(Shop);
        Gen.Select(Gen.OneOf(Gen.String, Gen.String["/aftindocsv.0{}%é*"]), Gen.String["?&=%state1\0é"], Gen.String).Sample(
            (string path, string query, string host) =>
            {
                var exchange = RouteText.Request("GET /");
                (exchange.Path, exchange.Query, exchange.Host) = ("/" + path, "?" + query, host);
                table.Find(exchange);
                exchange.Path = "/find";
                table.Find(exchange);
            },
            iter: 20_000);
    }

    [Fact]
    public void A_path_of_more_than_64_segments_never_matches()
    {
        var table = Table(["GET /{all**}", "POST /{all**}"]);
        var path = string.Concat(Enumerable.Repeat("/a", 64));
        Assert.NotNull(table.Find(RouteText.Request("GET " + path)).Route);
        Assert.Equal(default, table.Find(RouteText.Request("GET " + path + "/")));
        Assert.Equal(default, table.Find(RouteText.Request("PUT " + path + "/")));
    }

    /// <summary>A literal and a name at every level: searching by trial would come to 2^62 leaves if it could visit a node twice.</summary>
    [Fact]
    public void No_path_makes_it_search_more_than_the_table()
    {
        var wide = Enumerable.Range(0, 1 << 12)
            .Select(bits => string.Concat(Enumerable.Range(0, 12).Select(i => (bits >> i & 1) == 0 ? "/a" : $"/{{n{i}}}")) + "/end");
        var deep = Enumerable.Range(0, 62)
            .Select(depth => string.Concat(Enumerable.Repeat("/a", depth)) + "/{n}" + string.Concat(Enumerable.Repeat("/a", 62 - depth)) + "/end");
        var table = Table(wide.Concat(deep).Select(path => "GET " + path));
        foreach (var length in new[] { 12, 63 })
        {
            var path = string.Concat(Enumerable.Repeat("/a", length));
            Assert.Equal(default, table.Find(RouteText.Request($"GET {path}/other")));
            Assert.NotNull(table.Find(RouteText.Request($"GET {path}/end")).Route);
        }
    }

    [Fact]
    public void Finding_a_route_allocates_nothing()
    {
        var table = Table([.. Shop, .. Enumerable.Range(0, 10_000).Select(i => $"GET /r{i}/{{id}}/x{i}-{{y}}.json")]);
        string[] requests =
        [
            "GET /orders/17", "GET /files/v2.json", "GET /docs/a/b/print", "GET /tenant @a.example X-Mode:fast", "GET /find?a=b&state=open",
                "GET /nothing", "GET /r77/5/x77-u.json",
        ];
        var exchanges = requests.Select(RouteText.Request).ToArray();
        long Allocated()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var exchange in exchanges) table.Find(exchange);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Allocated();
        Assert.Equal(0, Allocated());
    }

    /// <summary>The table without those routes that a declaration could not have: of two that clash, the later.</summary>
    private static Route[] Decided(Route[] routes)
    {
        var later = RouteOverlap.Find(routes).Select(c => c.B).ToHashSet();
        return [.. routes.Where(r => !later.Contains(r))];
    }

    private static RouteTable Table(IEnumerable<string> routes) => RouteTable.Compile(routes.Select(r => Compiled(RouteText.Route(r))));

    // Whoever finds a route does not touch its upstream.
    private static CompiledRoute Compiled(Route route) => new(route, [], null!);

    private sealed class Hiding : Policy
    {
        public override string Name => "hiding";

        internal override bool Hides(Exchange exchange) => true;
    }
}
