using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Access;
using Gatehouse.TestKit;
using RouteAccess = Gatehouse.Routes.Access;

namespace Gatehouse.Tests.Policies.Access;

public sealed class AccessPolicyTests
{
    private readonly PolicyHarness _harness = new();

    public AccessPolicyTests()
    {
        _harness.Consumers.Add(Consumer("web-shop", "orders.read"));
        _harness.Consumers.Add(Consumer("stock-sync", "stock.read", "orders.read:all", "ORDERS.READ", "orders"));
        _harness.Consumers.Add(Consumer("admin", "orders.read", "orders.write"));
    }

    [Theory]
    [InlineData(null, "unauthenticated")]
    [InlineData("web-shop", "forbidden")]
    [Control("AZN-1")]
    public void Denies_where_nothing_is_written(string? caller, string problem) => Assert.Equal(problem, Decide(new RouteAccess(), caller));

    [Theory]
    [InlineData(null, "unauthenticated")]
    [InlineData("web-shop", null)]
    [InlineData("stock-sync", "forbidden")]
    [InlineData("admin", "forbidden")]
    [Control("AZN-1")]
    [Control("AZN-4")]
    public void Admits_only_the_consumers_that_the_route_names(string? caller, string? problem) =>
        Assert.Equal(problem, Decide(
            new RouteAccess { Consumers = [new ConsumerId("web-shop"), new ConsumerId("gone")], Scopes = [new Scope("orders.read")] }, caller));

    [Theory]
    [InlineData("web-shop", "orders.read", null)]
    [InlineData("stock-sync", "orders.read", "insufficient-scope")]
    [InlineData("stock-sync", "stock", "insufficient-scope")]
    [InlineData("stock-sync", "orders.read:all stock.read", null)]
    [InlineData("web-shop", "orders.read orders.write", "insufficient-scope")]
    [InlineData("admin", "orders.read orders.write", null)]
    [InlineData("web-shop", "", null)]
    [Control("AZN-3")]
    public void Asks_for_every_scope_character_by_character(string caller, string scopes, string? problem) =>
        Assert.Equal(problem, Decide(new RouteAccess
        {
            Consumers = [.. _harness.Consumers.Select(c => c.Id)],
            Scopes = [.. scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => new Scope(s))],
        }, caller));

    [Theory]
    [InlineData("status page", null, null)]
    [InlineData("status page", "web-shop", null)]
    [InlineData("", null, "unauthenticated")]
    [InlineData(" ", null, "unauthenticated")]
    [Control("AZN-2")]
    public void Is_open_only_with_a_reason(string reason, string? caller, string? problem) =>
        Assert.Equal(problem, Decide(new RouteAccess { Anonymous = reason }, caller));

    [Fact]
    [Control("AZN-4")]
    public void A_consumer_of_the_same_name_in_another_declaration_is_somebody_else()
    {
        var access = new RouteAccess { Consumers = [new ConsumerId("web-shop")] };
        var exchange = _harness.Exchange();
        exchange.Caller = PolicyHarness.Caller(Consumer("web-shop", "orders.read"));
        Assert.Same(Problems.Forbidden, PolicyHarness.Decide(Policy(access), exchange).Problem);
    }

    private static Consumer Consumer(string name, params string[] grants) => new()
    {
        Id = new ConsumerId(name),
        Kind = ConsumerKind.Application,
        Owner = "owner@example.test",
        Grants = grants.Select(g => new Scope(g)).ToHashSet(),
        Authenticate = [],
    };

    private string? Decide(RouteAccess access, string? caller)
    {
        var exchange = _harness.Exchange();
        if (_harness.Consumers.FirstOrDefault(c => c.Id.Value == caller) is { } consumer) exchange.Caller = PolicyHarness.Caller(consumer);
        return PolicyHarness.Decide(Policy(access), exchange).Problem?.Name;
    }

    private Policy Policy(RouteAccess access) => new AccessKind().Compile(_harness.Route(access: access), _harness.Context);
}
