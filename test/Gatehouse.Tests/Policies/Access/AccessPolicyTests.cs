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

    [Theory]
    [InlineData("", "", null)]
    [InlineData("", "customers", "forbidden")] // a call for a person opens only what names that person's people
    [InlineData("customers", "", "forbidden")] // and what names people is not for calls that are made for nobody
    [InlineData("customers", "customers", null)]
    [InlineData("care customers", "customers", null)]
    [InlineData("customers", "care customers", null)]
    [InlineData("customers", "care", "forbidden")]
    [InlineData("customers", "CUSTOMERS", "forbidden")]
    [Control("AZN-1")]
    [Control("AZN-4", "people")]
    public void A_call_for_a_person_opens_only_the_routes_of_their_people(string named, string people, string? problem)
    {
        var caller = ByToken("orders.read", people.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(problem, Decide(Route(people: named), caller));
    }

    [Fact]
    public void An_anonymous_route_is_open_to_calls_for_persons_too() =>
        Assert.Null(Decide(new RouteAccess { Anonymous = "status page" }, ByToken("orders.read", ["customers"])));

    [Theory]
    [InlineData("roles=care", null)]
    [InlineData("roles=returns", null)]
    [InlineData("roles=care amr=mfa", null)]
    [InlineData("roles=Care", "forbidden")]
    [InlineData("role=care", "forbidden")]
    [InlineData("amr=mfa", "forbidden")]
    [InlineData("", "forbidden")]
    public void Asks_for_every_claim_with_one_of_its_values(string claims, string? problem)
    {
        var caller = ByToken("orders.read", [], [.. claims.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => c.Split('='))
            .Select(c => new KeyValuePair<string, IReadOnlyList<string>>(c[0], ["other", c[1]]))]);
        Assert.Equal(problem, Decide(Route(claims: new ClaimCondition("roles", ["care", "returns"])), caller));
        Assert.Equal(
            "forbidden", Decide(Route(claims: new ClaimCondition("roles", ["care", "returns"])), PolicyHarness.Caller(_harness.Consumers[0])));
    }

    [Fact]
    public void Asks_for_all_claims_that_are_named()
    {
        var access = Route() with { Claims = [new ClaimCondition("roles", ["care"]), new ClaimCondition("amr", ["mfa"])] };
        Assert.Equal("forbidden", Decide(access, ByToken("orders.read", [], [new("roles", ["care"])])));
        Assert.Null(Decide(access, ByToken("orders.read", [], [new("roles", ["care"]), new("amr", ["pwd", "mfa"])])));
    }

    [Theory]
    [InlineData("orders.read", null)]
    [InlineData("orders.read other", null)]
    [InlineData("orders", "insufficient-scope")]
    [InlineData("orders.read:all", "insufficient-scope")]
    [InlineData("ORDERS.READ", "insufficient-scope")]
    [InlineData("", "insufficient-scope")]
    [Control("AZN-3")]
    public void A_token_has_the_scopes_that_it_has_whatever_its_consumer_is_granted(string scopes, string? problem) =>
        Assert.Equal(problem, Decide(Route(), ByToken(scopes, [])));

    [Fact]
    public void Costs_no_memory()
    {
        var policy = Policy(Route(people: "customers", claims: new ClaimCondition("roles", ["care"])));
        var exchange = _harness.Exchange();
        exchange.Caller = ByToken("orders.read", ["customers"], [new("roles", ["care"])]);
        Assert.Null(PolicyHarness.Decide(policy, exchange).Problem);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = PolicyHarness.Decide(policy, exchange);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(verdict.Problem);
    }

    private static RouteAccess Route(string people = "", ClaimCondition? claims = null) => new()
    {
        Consumers = [new ConsumerId("web-shop")],
        People = people.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Scopes = [new Scope("orders.read")],
        Claims = claims is null ? [] : [claims],
    };

    private Caller ByToken(string scopes, string[] people, params KeyValuePair<string, IReadOnlyList<string>>[] claims) => new()
    {
        Consumer = _harness.Consumers[0],
        CredentialKind = "token",
        CredentialId = "tokenid",
        Scopes = scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => new Scope(s)).ToHashSet(),
        Person = people.Length == 0 ? null : new Person("customers", "anna"),
        People = people,
        Claims = TestClaims.Of(claims),
    };

    private string? Decide(RouteAccess access, Caller caller)
    {
        var exchange = _harness.Exchange();
        exchange.Caller = caller;
        return PolicyHarness.Decide(Policy(access), exchange).Problem?.Name;
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
