using Gatehouse.Pipeline;
using Gatehouse.Policies.Lifecycle;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using RouteAccess = Gatehouse.Routes.Access;
using RouteLifecycle = Gatehouse.Routes.Lifecycle;

namespace Gatehouse.Tests.Policies.Lifecycle;

public sealed class LifecyclePolicyTests
{
    private static readonly DateTimeOffset Sunset = new(2026, 12, 31, 0, 0, 0, TimeSpan.Zero);
    private readonly PolicyHarness _harness = new();

    [Fact]
    [Control("EXP-7")]
    public void Refuses_from_the_very_instant_of_the_sunset()
    {
        var policy = Policy(new(null, Sunset, null, null));
        _harness.Clock.SetUtcNow(Sunset.AddTicks(-1));
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(policy, _harness.Exchange()).Kind);
        _harness.Clock.SetUtcNow(Sunset);
        Assert.Same(Problems.Gone, PolicyHarness.Decide(policy, _harness.Exchange()).Problem);
    }

    [Fact]
    [Control("EXP-7")]
    public void Says_when_it_ends_and_where_to_go()
    {
        _harness.Routes.Add(Route("stock/get-stock", "/stock/{article}"));
        var policy = Policy(
            new(new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero), Sunset, new RouteId("stock/get-stock"), "https://docs.example/stock"),
            "/v1/stock/{article}");
        var exchange = _harness.Exchange(target: "/v1/stock/caf%C3%A9");
        exchange.ResponseHeaders.Link = "</help>; rel=\"help\"";
        exchange.ResponseHeaders["Sunset"] = "the backend's";
        policy.OnResponse(exchange);
        Assert.Equal("@1788220800", exchange.ResponseHeaders["Deprecation"]);
        Assert.Equal("Thu, 31 Dec 2026 00:00:00 GMT", exchange.ResponseHeaders["Sunset"]);
        Assert.Equal(
            ["</help>; rel=\"help\"", "<https://docs.example/stock>; rel=\"deprecation sunset\"", "</stock/caf%C3%A9>; rel=\"successor-version\""],
            exchange.ResponseHeaders.Link.ToArray()!);
    }

    [Fact]
    public void Says_only_what_is_declared()
    {
        var exchange = _harness.Exchange();
        Policy(new(Sunset, null, null, null)).OnResponse(exchange);
        Assert.Equal(["Deprecation"], exchange.ResponseHeaders.Keys);
        exchange = _harness.Exchange();
        Policy(new(null, Sunset, new RouteId("stock/unknown"), "https://docs.example/")).OnResponse(exchange);
        Assert.Equal("<https://docs.example/>; rel=\"sunset\"", exchange.ResponseHeaders.Link);
        Assert.False(exchange.ResponseHeaders.ContainsKey("Deprecation"));
    }

    [Fact]
    public void Is_not_there_for_a_route_that_stays() => Assert.Null(new LifecycleKind().Compile(_harness.Route(), _harness.Context));

    private Policy Policy(RouteLifecycle lifecycle, string path = "/orders/{id}") =>
        new LifecycleKind().Compile(Route("stock/old-stock", path, lifecycle), _harness.Context)!;

    private static Route Route(string id, string path, RouteLifecycle? lifecycle = null)
    {
        Assert.True(PathTemplate.TryParse(path, out var template, out _));
        return new Route
        {
            Id = new RouteId(id),
            Owner = "stock@example.test",
            Purpose = "testing",
            Exposure = Exposure.Public,
            Effect = Effect.Read,
            PersonalData = PersonalData.None,
            Match = new RouteMatch("GET", template, [], [], []),
            Access = new RouteAccess { Anonymous = "a test" },
            Upstream = "stock",
            Deadline = TimeSpan.FromSeconds(60),
            Upgrade = null,
            Lifecycle = lifecycle,
            Waivers = [],
            Specs = new Dictionary<string, object>(),
            Place = default,
        };
    }
}
