using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class ForwardTimerTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ForwardTimer _timer;

    public ForwardTimerTests() => _timer = new ForwardTimer(_clock);

    public void Dispose() => _timer.Dispose();

    [Fact]
    public void Cancels_when_the_head_is_late()
    {
        _timer.Begin(After(5), After(60));

        Pass(4.999);
        Assert.Equal(Expiry.None, _timer.Expired);
        Pass(0.001);

        Assert.Equal(Expiry.Head, _timer.Expired);
        Assert.True(_timer.Token.IsCancellationRequested);
        Assert.False(_timer.TryReset());
    }

    [Fact]
    public void Cancels_at_the_deadline_when_the_head_was_there()
    {
        _timer.Begin(After(5), After(60));
        Pass(1);
        _timer.HeadArrived();

        Pass(58.999);
        Assert.False(_timer.Token.IsCancellationRequested);
        Pass(0.001);

        Assert.Equal(Expiry.Deadline, _timer.Expired);
        Assert.True(_timer.Token.IsCancellationRequested);
    }

    [Fact]
    public void Waits_for_the_head_from_when_the_request_has_ended()
    {
        _timer.Begin(ForwardTimer.Never, ForwardTimer.Never);
        Pass(100);
        _timer.AwaitHead(After(5));

        Pass(5);

        Assert.Equal(Expiry.Head, _timer.Expired);
    }

    [Fact]
    public void Does_not_wait_for_a_head_that_came_before_the_request_ended()
    {
        _timer.Begin(ForwardTimer.Never, ForwardTimer.Never);
        _timer.HeadArrived();
        _timer.AwaitHead(After(5));

        Pass(100);

        Assert.Equal(Expiry.None, _timer.Expired);
    }

    [Fact]
    public void Never_ends_an_exchange_for_the_one_before_it()
    {
        for (var i = 0; i < 100; i++)
        {
            _timer.Begin(After(5), After(60));
            Pass(0.7);
            Assert.True(_timer.TryReset());
        }

        _timer.Begin(After(5), After(60));
        Pass(4.999);
        Assert.Equal(Expiry.None, _timer.Expired);
        Pass(0.001);
        Assert.Equal(Expiry.Head, _timer.Expired);
    }

    [Fact]
    public void Ends_an_exchange_that_is_due_before_the_one_before_it_was()
    {
        _timer.Begin(ForwardTimer.Never, After(60));
        Assert.True(_timer.TryReset());
        _timer.Begin(After(5), ForwardTimer.Never);

        Pass(5);

        Assert.Equal(Expiry.Head, _timer.Expired);
    }

    private long After(double seconds) => _clock.GetTimestamp() + (long)(seconds * _clock.TimestampFrequency);

    private void Pass(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));
}
