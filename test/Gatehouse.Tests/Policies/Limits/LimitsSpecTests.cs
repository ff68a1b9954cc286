using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed class LimitsSpecTests
{
    private const string Quotas = "limits: [ { per: route, allow: 1, every: 1m } ]\nquotas: ";

    [Theory]
    [InlineData("{}", "GH1028 route orders/get-order has no limit")]
    [InlineData("limits: []", "GH2006 a list of 1 to 8 entries")]
    [InlineData("limits: [ { per: consumer, allow: 0, every: 1m } ]", "GH2006 '0' is not a whole number from 1")]
    [InlineData("limits: [ { per: consumer, allow: 10000001, every: 1m } ]", "GH2006 '10000001' is not a whole number from 1 to 10000000")]
    [InlineData("limits: [ { per: consumer, allow: 1, every: 500ms } ]", "GH2006 '500ms' is not a time")]
    [InlineData("limits: [ { per: consumer, allow: 1, every: 1500ms } ]", "GH2006 '1500ms' is not a whole number of seconds")]
    [InlineData("limits: [ { per: assistant, allow: 1, every: 1m } ]", "GH2007 a limit per assistant is not yet enforced")]
    [InlineData("limits: [ { per: consumers, allow: 1, every: 1m } ]",
        "GH2006 'consumers' is not one of person, consumer, credential, address, route, api, all")]
    [InlineData("limits: [ { per: route, allow: 1, every: 1m, window: rolling } ]", "GH2006 'rolling' is not one of even, sliding")]
    [InlineData("limits: [ { per: route, atOnce: 0 } ]", "GH2006 '0' is not a whole number from 1 to 100000")]
    [InlineData("limits: [ { per: route, atOnce: 1, every: 1m } ]", "GH2011 'every' means nothing beside 'atOnce'")]
    [InlineData("limits: [ { per: route, atOnce: 1, count: cost } ]", "GH2011 'count' means nothing beside 'atOnce'")]
    [InlineData("limits: [ { per: route, allow: 1 } ]", "GH2005 a limit needs 'every'")]
    [InlineData("limits: [ { per: api, across: all, allow: 1, every: 1m } ]", "GH2011 'across: all' is for a caller's calls, and 'per: api' counts everybody's")]
    [InlineData("limits: [ { per: consumer, across: listener, allow: 1, every: 1m } ]", "GH2006 'listener' is not one of route, api, all")]
    [InlineData("limits: [ { per: route, allow: 1, every: 1m, report: always } ]", "GH2006 'always' is not one of only")]
    [InlineData("limits: [ { per: route, allow: 1, every: 1m, report: only } ]", "GH1028 route orders/get-order has only limits that refuse nobody")]
    [InlineData("cost: 3\nlimits: [ { per: route, allow: 2, every: 1m, count: cost } ]", "GH2011 a call of route orders/get-order costs 3, but 'route' never allows more than 2")]
    [InlineData("cost: 0\nlimits: [ { per: route, allow: 2, every: 1m, count: cost } ]", "GH2006 '0' is not a whole number from 1 to 10000")]
    [InlineData("quotas: [ { per: consumer, allow: 9, every: day } ]", "GH1028 route orders/get-order has no limit")]
    [InlineData(Quotas + "[ { per: consumer, allow: 9, every: week } ]", "GH2006 'week' is not one of day, month")]
    [InlineData(Quotas + "[ { per: consumer, allow: 9, every: 1d } ]", "GH2006 '1d' is not one of day, month")]
    [InlineData(Quotas + "[ { per: consumer, every: day } ]", "GH2005 a quota needs 'allow'")]
    [InlineData(Quotas + "[ { per: consumer, allow: 9, every: day, window: sliding } ]", "GH2004 unknown key 'window' in a quota")]
    [InlineData(Quotas + "[ { per: consumer, allow: 9, every: day }, { per: consumer, across: api, allow: 99, every: day } ]",
        "GH2003 two limits of route orders/get-order are named 'consumer-day'")]
    [InlineData(Quotas + "[ { per: consumer, allow: 9, every: day, name: route } ]", "GH2003 two limits of route orders/get-order are named 'route'")]
    [InlineData("limits: [ { per: route, allow: 1, every: 1m, distinct: customer } ]", "GH2007 'distinct' in a limit is not yet enforced")]
    [InlineData("limits: [ { allow: 1, every: 1m } ]", "GH2005 a limit needs 'per'")]
    [InlineData("limits: [ { per: route, allow: 1, every: 1m }, { per: all, allow: 1, every: 1m, name: route } ]",
        "GH2003 two limits of route orders/get-order are named 'route'")]
    public void Refuses(string fragment, string finding)
    {
        var harness = new PolicyHarness();
        harness.Route(new LimitsKind(), fragment);
        Assert.Contains(finding, Assert.Single(harness.Findings.InOrder()).ToString(), StringComparison.Ordinal);
        Assert.True(harness.Findings.HasErrors);
    }

    [Fact]
    public void Names_a_limit_after_whom_it_counts_unless_it_has_a_name()
    {
        var harness = new PolicyHarness();
        var route = harness.Route(new LimitsKind(),
            "limits: [ { per: api, allow: 60, every: 1m }, { per: address, allow: 5, every: 2s, name: burst } ]");
        Assert.Empty(harness.Findings.InOrder());
        Assert.Equal(
            [new Limit("api", Per.Api, 60, TimeSpan.FromMinutes(1)), new Limit("burst", Per.Address, 5, TimeSpan.FromSeconds(2))],
            Assert.IsType<LimitsSpec>(route.Specs["limits"]).Limits.Select(l => l with { Place = default }));
    }

    [Fact]
    public void Reads_every_form()
    {
        var harness = new PolicyHarness();
        var route = harness.Route(new LimitsKind(),
            """
            cost: 5
            limits:
              - { per: consumer, across: api, allow: 60, every: 1m, window: sliding, count: cost }
              - { per: person, atOnce: 3, report: only }
            quotas:
              - { per: all, allow: 2000000000, every: month }
            """);
        Assert.Empty(harness.Findings.InOrder());
        var spec = Assert.IsType<LimitsSpec>(route.Specs["limits"]);
        Assert.Equal(5, spec.CallCost);
        Assert.Equal(
            [
                new Limit("consumer", Per.Consumer, 60, TimeSpan.FromMinutes(1)) { Form = LimitForm.Sliding, Across = Across.Api, CountsCost = true },
                new Limit("person-at-once", Per.Person, 3, TimeSpan.Zero) { Form = LimitForm.AtOnce, ReportOnly = true },
                new Limit("all-month", Per.All, 2_000_000_000, TimeSpan.Zero) { Form = LimitForm.Month },
            ],
            spec.All.Select(l => l with { Place = default }));
    }

    [Fact]
    public void Warns_of_a_cost_that_nothing_counts()
    {
        var harness = new PolicyHarness();
        harness.Route(new LimitsKind(), "cost: 5\nlimits: [ { per: route, allow: 60, every: 1m } ]");
        Assert.Contains("GH1054 nothing counts what a call of route orders/get-order costs", Assert.Single(harness.Findings.InOrder()).ToString(),
            StringComparison.Ordinal);
        Assert.False(harness.Findings.HasErrors);
    }
}
