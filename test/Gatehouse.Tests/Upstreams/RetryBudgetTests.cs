using Gatehouse.Configuration;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _clock = new();

    [Control("RES-3")]
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(1000)]
    [InlineData(123_456)]
    public void Gives_a_share_of_the_calls_and_always_a_few(int calls)
    {
        var budget = new RetryBudget(_clock);
        for (var i = 0; i < calls; i++) budget.Count();

        var taken = 0;
        while (budget.TryTake(Share.Percent(10))) taken++;

        Assert.Equal(RetryBudget.Always + (calls / 10), taken);
    }

    [Fact]
    public void Gives_it_again_when_the_window_has_moved_on()
    {
        var budget = new RetryBudget(_clock);
        while (budget.TryTake(Share.Percent(20)))
        {
        }

        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.False(budget.TryTake(Share.Percent(20)));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(budget.TryTake(Share.Percent(20)));
    }

    [Fact]
    public void Waits_twice_as_long_before_each_further_attempt()
    {
        var rules = RetryRules.Usual with { Backoff = TimeSpan.FromMilliseconds(10) };

        Assert.Equal([10, 20, 40, 80], Enumerable.Range(1, 4).Select(i => (int)rules.BackoffAfter(i).TotalMilliseconds));
    }
}
