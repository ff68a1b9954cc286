using Gatehouse.Configuration;
using Xunit;

namespace Gatehouse.Tests.Configuration;

public sealed class RulesTests
{
    [Fact]
    public void Every_rule_is_in_the_index_once_in_the_order_of_ids()
    {
        var declared = typeof(Rules).GetFields().Select(f => f.GetValue(null)).OfType<Rule>().Select(r => r.Id).Order(StringComparer.Ordinal);
        Assert.Equal(declared, Rules.All.Select(r => r.Id));
    }

    [Fact]
    public void Every_rule_says_what_it_asks_and_why() => Assert.All(Rules.All, r => Assert.True(r.Title.Length > 0 && r.Why.EndsWith('.'), r.Id));

    [Fact]
    public void A_milder_rule_is_the_same_rule()
    {
        var lesser = Rules.OpenNetwork.Lesser();
        Assert.Equal((Rules.OpenNetwork.Id, Severity.Warning), (lesser.Id, lesser.Severity));
    }
}
