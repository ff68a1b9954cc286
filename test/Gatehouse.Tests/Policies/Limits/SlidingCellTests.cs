using CsCheck;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed class SlidingCellTests
{
    private const long Second = TimeSpan.TicksPerSecond;

    [Fact]
    [Control("RTE-1")]
    public void Stays_between_a_log_of_all_calls_and_the_same_log_with_a_window_longer_by_a_thirty_second() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 120], Gen.Int[1, 5].Array[1, 300], Gen.Double[0, 3].Array[300])
        .Sample((allow, seconds, costs, pauses) =>
        {
            var every = TimeSpan.FromSeconds(seconds);
            var width = SlidingCell.WidthOf(every, Second);
            var longest = every.Ticks + width + SlidingCell.Parts; // a part is rounded up to a whole tick
            var cell = new SlidingCell();
            var log = new List<(long At, int Cost)>();
            var now = 17L * Second;
            for (var i = 0; i < costs.Length; i++)
            {
                var cost = Math.Min(costs[i], allow);
                now += (long)(pauses[i] * every.Ticks / allow);
                Assert.True(cell.TryCharge(cost, allow, width, now, out var answer));
                if (!answer.Refused) log.Add((now, cost));
                Assert.True(Used(every.Ticks) <= allow); // never too many in any window that ends now
                if (answer.Refused) Assert.True(Used(longest) + cost > allow); // and nobody refused whom the longer log would allow
                Assert.Equal(answer.Remaining < cost, answer.Retry > 0);
                if (!answer.Refused) continue;
                Assert.True(cell.Look(cost, allow, width, now + answer.Retry - 1).Refused);
                Assert.False(cell.Look(cost, allow, width, now + answer.Retry).Refused);
                now += answer.Retry; // looking at a later moment has moved the window on
            }

            int Used(long window) => log.Where(c => now - c.At < window).Sum(c => c.Cost);
        });

    [Fact]
    [Control("RTE-1")]
    public async Task Counts_exactly_however_many_ask_at_once()
    {
        var cell = new SlidingCell();
        var width = SlidingCell.WidthOf(TimeSpan.FromMinutes(1), Second);
        var allowed = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                cell.TryCharge(1, 1000, width, 17 + i, out var answer);
                if (!answer.Refused) Interlocked.Increment(ref allowed);
            }
        })));
        Assert.Equal(1000, allowed);
    }

    [Fact]
    public void Gives_a_call_back_as_long_as_it_counts()
    {
        var cell = new SlidingCell();
        var width = SlidingCell.WidthOf(TimeSpan.FromSeconds(32), Second);
        cell.TryCharge(2, 2, width, Second, out var first);
        cell.GiveBack(2, first.Charged);
        Assert.Equal(2, cell.Look(1, 2, width, Second).Remaining);
        cell.TryCharge(1, 2, width, Second, out var again);
        cell.TryCharge(1, 2, width, 60 * Second, out _);
        cell.GiveBack(1, again.Charged); // it came back long ago
        Assert.Equal(1, cell.Look(1, 2, width, 60 * Second).Remaining);
    }

    [Fact]
    public void Takes_a_thread_that_comes_late_for_one_that_comes_now()
    {
        var cell = new SlidingCell();
        var width = SlidingCell.WidthOf(TimeSpan.FromSeconds(32), Second);
        cell.TryCharge(1, 2, width, 100 * Second, out _);
        cell.TryCharge(1, 2, width, 10 * Second, out var late);
        Assert.False(late.Refused);
        Assert.True(cell.Look(1, 2, width, 100 * Second).Refused);
    }
}
