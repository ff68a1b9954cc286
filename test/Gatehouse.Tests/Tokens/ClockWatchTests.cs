using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

public sealed class ClockWatchTests : IDisposable
{
    private readonly SteppedClock _clock = new();
    private readonly ClockWatch _watch;

    public ClockWatchTests() => _watch = new ClockWatch(_clock, null);

    public void Dispose() => _watch.Dispose();

    [Theory]
    [InlineData(0, true)]
    [InlineData(60, true)]
    [InlineData(61, false)]
    [InlineData(-60, true)]
    [InlineData(-61, false)]
    [InlineData(86_400, false)]
    [InlineData(-86_400, false)]
    [Control("AVL-3", "a clock out of step")]
    public void A_step_that_is_larger_than_clocks_may_differ_by_is_seen(int seconds, bool inStep)
    {
        _clock.Step = TimeSpan.FromSeconds(seconds);
        Assert.Equal(!inStep, Look(1) is not null);
        Assert.Equal(inStep, _watch.IsInStep);
        Assert.Null(Look(1)); // it is told once
    }

    [Fact]
    [Control("AVL-3", "a clock out of step")]
    public void A_clock_that_was_put_back_is_believed_when_it_is_where_it_would_be_and_not_before()
    {
        _clock.Step = TimeSpan.FromHours(-1);
        Assert.Contains("put back by 3600 s", Look(1), StringComparison.Ordinal);
        for (var i = 0; i < 3 * 3600; i++) Assert.Null(Look(1)); // however long it keeps step
        Assert.False(_watch.IsInStep);
        _clock.Step = TimeSpan.FromSeconds(-61);
        Assert.Null(Look(1));
        _clock.Step = TimeSpan.FromSeconds(-60);
        Assert.Contains("in step again", Look(1), StringComparison.Ordinal);
        Assert.True(_watch.IsInStep);
    }

    [Fact]
    [Control("AVL-3", "a clock out of step")]
    public void A_clock_that_was_put_forward_has_to_keep_step_first()
    {
        _clock.Step = TimeSpan.FromHours(1);
        Assert.Contains("put forward by 3600 s", Look(1), StringComparison.Ordinal);
        Assert.Null(Look(59));
        _clock.Step += TimeSpan.FromSeconds(30); // it is not settled yet
        Assert.Null(Look(1));
        Assert.Null(Look(59));
        Assert.False(_watch.IsInStep);
        Assert.Contains("is believed", Look(1), StringComparison.Ordinal);
        _clock.Step = TimeSpan.Zero; // and what is believed is the clock that was put forward
        Assert.Contains("put back by 3630 s", Look(1), StringComparison.Ordinal);
    }

    [Fact]
    public void What_drifts_is_followed_and_what_is_small_adds_up()
    {
        for (var hour = 0; hour < 24; hour++)
        {
            _clock.Step += TimeSpan.FromSeconds(3); // a fast clock
            Assert.Null(Look(3600));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.True(_watch.IsInStep);
            _clock.Step -= TimeSpan.FromSeconds(3);
            Look(1);
        }

        _clock.Step -= TimeSpan.FromSeconds(3);
        Assert.NotNull(Look(1));
    }

    private string? Look(int after)
    {
        _clock.Advance(TimeSpan.FromSeconds(after));
        return _watch.Look();
    }
}
