using System.Globalization;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Overload;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Overload;

public sealed class OverloadPolicyTests
{
    private readonly PolicyHarness _harness = new();
    private readonly OverloadKind _kind = new();

    private Shortage Shortage => OverloadKind.ShortageOf(_harness.State);

    [Theory]
    [InlineData("{}", "normal")]
    [InlineData("priority: low", "low")]
    [InlineData("priority: normal", "normal")]
    [InlineData("priority: high", "high")]
    public void A_route_says_how_much_it_matters(string fragment, string priority) =>
        Assert.Equal(priority, OverloadKind.Word(Assert.IsType<OverloadPolicy>(_harness.Compile(_kind, fragment)).Priority));

    [Fact]
    public void Another_word_is_a_finding()
    {
        _harness.Compile(_kind, "priority: urgent");
        Assert.Contains("low, normal, high", Assert.Single(_harness.Findings.InOrder()).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_what_is_low_and_takes_what_is_high_while_the_gateway_is_short()
    {
        var (low, high) = (_harness.Compile(_kind, "priority: low")!, _harness.Compile(_kind, "priority: high")!);
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(low, _harness.Exchange()).Kind);
        var limits = OverloadLimits.Usual with { Delay = TimeSpan.FromMilliseconds(900) };
        for (var i = 0; i < 8; i++) Shortage.Look(TimeSpan.FromSeconds(1), 100, 0, limits);
        Assert.Same(Problems.Overloaded, PolicyHarness.Decide(low, _harness.Exchange()).Problem);
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(high, _harness.Exchange()).Kind);
        Assert.Equal((1, 0), (_harness.Meter.Shed("low").Value, _harness.Meter.Shed("high").Value));
    }

    [Fact]
    public void Says_when_to_come_again_and_not_the_same_to_everybody()
    {
        var first = new FirstLookKind().Compile(PolicyHarness.Listener(), _harness.Context)!;
        var seconds = new HashSet<int>();
        for (var i = 0; i < 8; i++)
        {
            var exchange = _harness.Exchange();
            exchange.Problem = Problems.Overloaded;
            first.OnResponse(exchange);
            seconds.Add(int.Parse(exchange.ResponseHeaders.RetryAfter!, CultureInfo.InvariantCulture));
        }

        Assert.Equal([1, 2, 3, 4], seconds.Order());
        var other = _harness.Exchange();
        other.Problem = Problems.UpstreamUnavailable;
        first.OnResponse(other);
        Assert.Equal(0, other.ResponseHeaders.RetryAfter.Count);
    }

    [Fact]
    public void At_the_worst_most_is_refused_before_anything_is_read()
    {
        var first = new FirstLookKind().Compile(PolicyHarness.Listener(), _harness.Context)!;
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(first, _harness.Exchange()).Kind);
        Shortage.Look(TimeSpan.Zero, 0, memory: 0.97, OverloadLimits.Usual);
        var verdicts = Enumerable.Range(0, 64).Select(_ => PolicyHarness.Decide(first, _harness.Exchange())).ToList();
        Assert.InRange(verdicts.Count(v => v.Problem == Problems.Overloaded), 48, 63);
    }
}
