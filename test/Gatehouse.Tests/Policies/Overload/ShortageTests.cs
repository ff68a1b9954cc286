using Gatehouse.Policies.Overload;
using Gatehouse.Routes;

namespace Gatehouse.Tests.Policies.Overload;

public sealed class ShortageTests
{
    private const int Tries = 1280;
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(80);
    private readonly Shortage _shortage = new();

    [Fact]
    public void While_nothing_waits_everything_is_taken()
    {
        Look(20, Calm);
        Assert.Equal((1.0, 1.0, 1.0), Shares());
        Assert.True(_shortage.TakesAny());
    }

    [Fact]
    public void What_is_low_goes_first_then_what_is_normal_and_never_all_of_what_is_high()
    {
        Look(3, Late);
        Assert.True(Shares() is { Low: > 0.3 and < 0.8, Normal: 1, High: 1 }, $"{Shares()}");
        Look(4, Late);
        Assert.True(Shares() is { Low: 0, Normal: > 0.3 and < 1, High: 1 }, $"{Shares()}");
        Look(100, Late);
        Assert.True(Shares() is { Low: 0, Normal: 0, High: > 0.1 and < 0.15 }, $"{Shares()}");
        Assert.False(_shortage.IsExtreme);
    }

    [Fact]
    public void What_was_shed_comes_back_slowly_and_what_is_neither_late_nor_calm_stays_as_it_is()
    {
        Look(3, Late);
        var before = _shortage.Cut;
        Look(10, TimeSpan.FromMilliseconds(40));
        Assert.Equal(before, _shortage.Cut);
        Look(1, Calm);
        Assert.InRange(_shortage.Cut, 1, before - 1);
        Look(100, Calm);
        Assert.Equal((1.0, 1.0, 1.0), Shares());
    }

    [Fact]
    public void Memory_that_runs_out_sheds_too_and_at_the_end_hardly_anything_is_looked_at()
    {
        Look(3, Calm, memory: 0.9);
        Assert.True(Shares() is { Low: < 1, Normal: 1, High: 1 }, $"{Shares()}");
        Assert.False(_shortage.IsExtreme);
        Look(1, Calm, memory: 0.96);
        Assert.True(_shortage.IsExtreme);
        Assert.Equal(0.125, Enumerable.Range(0, Tries).Count(_ => _shortage.TakesAny()) / (double)Tries, 0.02);
        Look(1, Calm);
        Assert.True(_shortage.TakesAny());
    }

    [Fact]
    public void At_the_worst_delay_hardly_anything_is_looked_at()
    {
        Look(20, TimeSpan.FromMilliseconds(400));
        Assert.True(_shortage.IsExtreme);
    }

    [Fact]
    public void With_a_few_exchanges_in_hand_it_is_not_they_for_whom_everything_waits()
    {
        Look(20, Late, underWay: Shortage.Few - 1);
        Assert.Equal((1.0, 1.0, 1.0), Shares());
        Look(3, Calm, memory: 0.9, underWay: 1); // memory is used up all the same
        Assert.NotEqual(0, _shortage.Cut);
    }

    [Fact]
    public void Where_it_is_off_nothing_is_shed()
    {
        Look(20, Late);
        _shortage.Look(Late, Shortage.Few, 1, new OverloadLimits { Off = "another gateway in front does it" });
        Assert.Equal((1.0, 1.0, 1.0), Shares());
        Assert.True(_shortage.TakesAny());
    }

    private void Look(int times, TimeSpan delay, double memory = 0.1, long underWay = Shortage.Few)
    {
        for (var i = 0; i < times; i++) _shortage.Look(delay, underWay, memory, OverloadLimits.Usual);
    }

    /// <summary>Which share of each priority is taken.</summary>
    private (double Low, double Normal, double High) Shares() => (Share(Priority.Low), Share(Priority.Normal), Share(Priority.High));

    private double Share(Priority priority) => Enumerable.Range(0, Tries).Count(_ => _shortage.Takes(priority)) / (double)Tries;
}
