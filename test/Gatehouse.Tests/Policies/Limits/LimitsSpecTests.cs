using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed class LimitsSpecTests
{
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
    [InlineData("limits: [ { per: route, allow: 1, every: 1m, window: sliding } ]", "GH2007 'window' in a limit is not yet enforced")]
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
}
