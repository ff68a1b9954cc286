using CsCheck;
using Gatehouse.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Pipeline;

public sealed class SlidingCountsTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    [Fact]
    public void Forgets_a_count_between_nine_tenths_of_the_window_and_its_end()
    {
        var clock = new FakeTimeProvider();
        var counts = new SlidingCounts(clock, Window);
        clock.Advance(TimeSpan.FromSeconds(0.5));
        counts.Add(3, 2);

        clock.Advance(TimeSpan.FromSeconds(9.4));
        Assert.Equal((3, 2), counts.Add(0, 0));
        clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal((0, 0), counts.Add(0, 0));
    }

    [Fact]
    public void Forgets_everything_after_a_long_silence()
    {
        var clock = new FakeTimeProvider();
        var counts = new SlidingCounts(clock, Window);
        counts.Add(3, 2);

        clock.Advance(TimeSpan.FromDays(400));

        Assert.Equal((1, 0), counts.Add(1, 0));
    }

    [Fact]
    public void Counts_what_a_list_of_every_count_would()
    {
        var step = Gen.Select(Gen.Int[0, 2500], Gen.Int[0, 5]);
        step.List[1, 100].Sample(steps =>
        {
            var clock = new FakeTimeProvider();
            var counts = new SlidingCounts(clock, Window);
            var all = new List<(long Slice, int Count)>();
            foreach (var (milliseconds, count) in steps)
            {
                clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
                var slice = clock.GetTimestamp() / clock.TimestampFrequency;
                all.Add((slice, count));
                Assert.Equal(all.Where(c => c.Slice > slice - 10).Sum(c => c.Count), counts.Add(count, 0).All);
            }
        });
    }
}
