using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.TestKit;

/// <summary>A clock whose timers come a millisecond before their time, where they can, as real ones may.</summary>
internal sealed class EarlyClock : FakeTimeProvider
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private int _changes;

    /// <summary>How often a timer was told to wait.</summary>
    public int Changes => Volatile.Read(ref _changes);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new EarlyTimer(this, base.CreateTimer(callback, state, dueTime, period));

    private sealed class EarlyTimer(EarlyClock clock, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref clock._changes);
            return timer.Change(dueTime > Moment ? dueTime - Moment : dueTime, period);
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
