using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Canary;

/// <summary>
/// Takes its part of the calls from a canary that fails too often, at once and by itself. It comes back with the next declaration that is loaded, or
/// after the time that was declared; then it is judged anew.
/// </summary>
internal sealed class CanaryWatch(Routes.Canary canary, TimeProvider clock, GatehouseMeter meter, EventWriter? events)
{
    private readonly SlidingCounts _counts = new(clock, canary.Revert.Window);
    private readonly Tally _reverted = meter.CanaryChanges(canary.Upstream, "reverted");
    private readonly Tally _returned = meter.CanaryChanges(canary.Upstream, "returned");
    private long _outUntil; // a timestamp of the clock; 0 while it takes calls

    public bool TakesCalls()
    {
        var until = Volatile.Read(ref _outUntil);
        if (until == 0) return true;
        if (until == long.MaxValue || clock.GetTimestamp() < until) return false;
        if (Interlocked.CompareExchange(ref _outUntil, 0, until) != until) return false;
        _returned.Add();
        Tell($"canary '{canary.Upstream}' gets {canary.Share} of the calls again");
        return true;
    }

    /// <summary>Counts the end of one of its exchanges.</summary>
    public void Count(bool failed)
    {
        if (Volatile.Read(ref _outUntil) != 0) return; // it was sent before: it changes nothing any more
        var (all, failures) = _counts.Add(1, failed ? 1 : 0);
        if (failed && all >= canary.Revert.Least && failures > all * canary.Revert.Errors.Fraction) Revert(all, failures);
    }

    private void Revert(int all, int failures)
    {
        var until = canary.Revert.Pause is { } pause
            ? clock.GetTimestamp() + (long)(pause.TotalSeconds * clock.TimestampFrequency)
            : long.MaxValue;
        if (Interlocked.CompareExchange(ref _outUntil, until, 0) != 0) return;
        _counts.Clear();
        _reverted.Add();
        var end = canary.Revert.Pause is { } time ? $"for {time.TotalSeconds:0} s" : "until a declaration is loaded anew";
        Tell($"canary '{canary.Upstream}' gets no more calls {end}: {failures} of {all} have failed");
    }

    /// <summary>Whoever reads the events may be slow: an exchange does not wait for that.</summary>
    private void Tell(string text)
    {
        if (events is null) return;
        ThreadPool.UnsafeQueueUserWorkItem(static told => told.Events.Write(told.Text), (Events: events, Text: text), false);
    }
}
