using CsCheck;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Routes;

public sealed class RouteOverlapTests
{
    [Theory]
    [Control("EXP-9", "routes that overlap")]
    [InlineData("GET /a/{b}", "GET /a/{c}", "GET /a/x")]
    [InlineData("GET /a/{b}/", "GET /a/{c}/", "GET /a/x/")]
    [InlineData("GET /{all**}", "GET /{rest**}", "GET /x")]
    [InlineData("GET /a{x}", "GET /{x}b", "GET /axb")]
    [InlineData("GET /a{x}/c", "GET /{x}b/{y}", "GET /axb/c")]
    [InlineData("GET /a{x}/{y**}", "GET /{x}b/d/e", "GET /axb/d/e")]
    [InlineData("GET /a{x}/{y**}", "GET /{x}b/{y**}", "GET /axb/x")]
    [InlineData("GET /a{x}/{y}.json", "GET /{x}b/v{y}", "GET /axb/vx.json")]
    [InlineData("GET /a{x} X:1", "GET /{x}b", "GET /axb with X: 1")]
    [InlineData("GET /a X-Mode:fast", "GET /a X-Kind:big", "GET /a with X-Mode: fast and X-Kind: big")]
    [InlineData("GET /a @h1 @h2", "GET /a @h2 @h3", "GET http://h2/a")]
    [InlineData("GET /a @h1", "GET /a X:1", "GET http://h1/a with X: 1")]
    [InlineData("GET /a @h1 ?q=1", "GET /a ?p=2", "GET http://h1/a?q=1&p=2")]
    public void Shows_a_request_that_two_routes_could_claim_equally(string a, string b, string example)
    {
        var routes = new[] { RouteText.Route(a), RouteText.Route(b) };
        var clash = Assert.Single(RouteOverlap.Find(routes));
        Assert.Equal((routes[0], routes[1], example), (clash.A, clash.B, clash.Example));
    }

    [Theory]
    [InlineData("GET /a/{b}", "POST /a/{b}")]
    [InlineData("GET /a/{b}", "GET /a/b")]
    [InlineData("GET /a/{b}", "GET /a/{b}/")]
    [InlineData("GET /a", "GET /A")]
    [InlineData("GET /a/{b}/c", "GET /a/b/{c}")]
    [InlineData("GET /a{x}", "GET /{x}")]
    [InlineData("GET /a{x}", "GET /ab{x}")]
    [InlineData("GET /a{x}c", "GET /a{x}")]
    [InlineData("GET /{x}0", "GET /a{x}%20")]
    [InlineData("GET /a{x}0", "GET /{x}%20")]
    [InlineData("GET /a{x}/c", "GET /{x}b/d")]
    [InlineData("GET /a{x}/{y**}", "GET /{x}b/")]
    [InlineData("GET /a{x}", "GET /b{x}")]
    [InlineData("GET /{x**}", "GET /{x}")]
    [InlineData("GET /a @h1", "GET /a @h2")]
    [InlineData("GET /a @h1", "GET /a @h1 @h2")]
    [InlineData("GET /a @h1", "GET /a")]
    [InlineData("GET /a X:1", "GET /a x:2")]
    [InlineData("GET /a X:1 Y:1", "GET /a x:1")]
    [InlineData("GET /a @h1 ?q=1", "GET /a ?q=1")]
    public void Leaves_alone_what_is_decided_or_never_meets(string a, string b)
    {
        Assert.Empty(RouteOverlap.Find([RouteText.Route(a), RouteText.Route(b)]));
        Assert.Empty(RouteOverlap.Find([RouteText.Route(b), RouteText.Route(a)]));
    }

    [Fact]
    public void Gives_an_example_that_no_literal_beside_it_takes()
    {
        string[] table = ["GET /a/{b}", "GET /a/x", "GET /a/x1", "GET /a/{c}"];
        Assert.Equal("GET /a/x2", Assert.Single(RouteOverlap.Find([.. table.Select(RouteText.Route)])).Example);
    }

    [Fact]
    public void Every_example_is_a_request_that_both_match_with_equal_claim() => RandomRoutes.Table.Sample(
        table =>
        {
            foreach (var clash in RouteOverlap.Find(table))
            {
                var request = RouteText.RequestOf(clash);
                Assert.True(RouteReference.Matches(clash.A.Match, request) && RouteReference.Matches(clash.B.Match, request), clash.Example);
                Assert.Equal(0, RouteReference.Compare(clash.A.Match, clash.B.Match));
            }
        },
        iter: 5_000);

    [Fact]
    public void Every_two_routes_that_match_a_request_with_equal_claim_are_reported() => Gen.Select(RandomRoutes.Table, RandomRoutes.Request).Sample(
        (table, request) =>
        {
            var clashes = RouteOverlap.Find(table).Select(c => (c.A, c.B)).ToList();
            Assert.Equal(clashes.Count, clashes.Distinct().Count());
            var matching = table.Where(r => RouteReference.Matches(r.Match, request)).ToList();
            foreach (var (i, a) in matching.Index())
                foreach (var b in matching.Skip(i + 1))
                    Assert.Equal(RouteReference.Compare(a.Match, b.Match) == 0, clashes.Contains((a, b)));
        },
        iter: 10_000);

    [Theory]
    [InlineData("GET /a{0}/{{id}}/b")]
    [InlineData("GET /{{id}}/a{0}")]
    [InlineData("GET /a{{id}}.x{0}")]
    [InlineData("GET /p{0}-{{id}}.json")]
    [InlineData("GET /{{id}}.x{0}z")]
    [InlineData("GET /a @tenant{0}.example")]
    [InlineData("GET /a X-Tenant:{0}")]
    [InlineData("GET /a X-Tenant:{0} ?mode=fast")]
    public void Ten_thousand_routes_that_differ_are_told_apart(string pattern)
    {
        var format = System.Text.CompositeFormat.Parse(pattern);
        Route[] routes = [.. Enumerable.Range(0, 10_000).Select(i => RouteText.Route(string.Format(null, format, $"{i:00000}")))];
        Assert.Empty(RouteOverlap.Find(routes));
    }

    [Fact]
    public void Ten_thousand_routes_that_are_the_same_end_in_a_bounded_list()
    {
        Route[] routes = [.. Enumerable.Range(0, 10_000).Select(i => RouteText.Route($"GET /a X-{i}:1"))];
        Assert.Equal(RouteOverlap.MostClashes, RouteOverlap.Find(routes).Count());
    }
}
