using Gatehouse.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Hosting;

public sealed class StopSignalsTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StopSignals _signals;

    public StopSignalsTests() => _signals = new StopSignals(_clock);

    private (bool Asked, bool Hurry) State => (_signals.Asked.IsCompleted, _signals.Hurry.IsCancellationRequested);

    public void Dispose() => _signals.Dispose();

    [Fact]
    public void Nothing_is_asked_at_first() => Assert.Equal((false, false), State);

    [Fact]
    public void The_first_asks_to_drain()
    {
        _signals.Terminate();
        Assert.Equal((true, false), State);
    }

    [Fact]
    public void A_second_interrupt_is_in_a_hurry()
    {
        _signals.Interrupt();
        Assert.Equal((true, false), State);
        _signals.Interrupt();
        Assert.Equal((true, true), State);
    }

    [Fact]
    public void A_twin_means_nothing_more_and_a_later_one_does()
    {
        _signals.Terminate();
        _clock.Advance(StopSignals.Twins - TimeSpan.FromTicks(1));
        _signals.Terminate();
        Assert.Equal((true, false), State);
        _clock.Advance(TimeSpan.FromTicks(1));
        _signals.Terminate();
        Assert.Equal((true, true), State);
    }
}
