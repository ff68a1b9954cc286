using Gatehouse.Pipeline;
using Gatehouse.Policies.Loop;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Loop;

public sealed class LoopPolicyTests
{
    private const string Own = "gh-0fb2a4d1c6";
    private static readonly LoopPolicy Policy = new("front-door/test");
    private readonly PolicyHarness _harness = new();

    [Fact]
    [Control("SMG-15")]
    public void Refuses_what_it_has_forwarded_before_and_nothing_else()
    {
        Assert.Null(Decide(out var exchange));
        var via = exchange.Via!;
        Assert.Matches("^1\\.1 gh-[0-9a-f]{10}$", via);
        Assert.DoesNotContain("front-door", via, StringComparison.Ordinal);

        Assert.Same(Problems.LoopDetected, Decide(out _, via));
        Assert.Same(Problems.LoopDetected, Decide(out _, "1.0 proxy.example (Squid), " + via));
        Assert.Same(Problems.LoopDetected, Decide(out _, "2.0 " + via[4..] + " (comment)"));
        Assert.Same(Problems.LoopDetected, Decide(out _, "1.1 other", via + ", 1.1 third"));
        Assert.Null(Decide(out _, via + "0"));
        Assert.Null(Decide(out _, via[4..]));
        Assert.Null(Decide(out _, ""));
    }

    [Fact]
    [Control("SMG-15")]
    public void Remembers_other_gateways_of_its_kind_so_that_a_loop_over_two_is_seen()
    {
        Assert.Null(Decide(out var exchange, $"1.1 {Own}, 1.0 proxy.example", "1.1 gh-UPPERCASE0"));
        Assert.Equal($"1.1 {Own}, 1.1 {LoopPolicy.PseudonymOf("front-door/test")}", exchange.Via);
    }

    [Fact]
    public void Refuses_a_way_over_too_many_gateways()
    {
        Assert.Null(Decide(out _, string.Join(", ", Enumerable.Repeat($"1.1 {Own}", 7))));
        Assert.Same(Problems.LoopDetected, Decide(out _, string.Join(", ", Enumerable.Repeat($"1.1 {Own}", 8))));
    }

    private Problem? Decide(out Exchange exchange, params string[] via)
    {
        exchange = _harness.Exchange(headers: [.. via.Select(v => ("Via", v))]);
        return PolicyHarness.Decide(Policy, exchange).Problem;
    }
}
