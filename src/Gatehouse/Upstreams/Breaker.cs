using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// Leaves a whole upstream alone when too many attempts fail: then a call is answered at once instead of making things worse. After a pause a few
/// are let through; when they go well, all are. It outlives reloads that do not change its rule.
/// </summary>
internal sealed class Breaker(BreakerRule rule, UpstreamNews news, TimeProvider clock, Random random)
{
    private readonly Lock _gate = new();
    private readonly SlidingCounts _counts = new(clock, rule.Window);
    private volatile State _state;
    private int _phase = 1;
    private long _until;
    private int _probes;
    private int _good;

    private enum State
    {
        Closed,
        Open,
        HalfOpen,
    }

    /// <summary>Whether calls are refused, but for a few.</summary>
    public bool IsOpen => _state != State.Closed;

    /// <summary>
    /// Whether an exchange may be forwarded. Then <see cref="ForwardState.Phase"/> says under which circumstances it was; if not,
    /// <see cref="ForwardState.RetrySeconds"/> when it may be.
    /// </summary>
    public bool TryEnter(ForwardState forward)
    {
        forward.Phase = Volatile.Read(ref _phase);
        return _state == State.Closed || TryProbe(forward);
    }

    /// <summary>Whether the circumstances are those under which <see cref="TryEnter"/> has let an exchange in.</summary>
    public bool Holds(int phase) => phase == Volatile.Read(ref _phase);

    /// <summary>Hears of the end of each attempt.</summary>
    /// <param name="phase">What <see cref="TryEnter"/> has noted: what began before the last change says nothing after it.</param>
    /// <param name="wait">The clock's ticks from the request's end to the answer's head; 0 where that cannot be said.</param>
    public void Ended(int phase, AttemptEnd end, long wait)
    {
        if (phase != Volatile.Read(ref _phase)) return;
        if (end == AttemptEnd.Unjudged)
        {
            GiveBack(phase);
            return;
        }

        var slow = rule.Slow is { } most && wait > most.TotalSeconds * clock.TimestampFrequency;
        var failed = end.IsFailure() || slow;
        if (_state == State.Closed) Count(failed);
        else Judge(phase, failed);
    }

    private bool TryProbe(ForwardState forward)
    {
        lock (_gate)
        {
            forward.Phase = _phase;
            if (_state == State.Closed) return true;
            var now = clock.GetTimestamp();
            if (now < _until && (_state == State.Open || _probes >= rule.Probes))
            {
                forward.RetrySeconds = Math.Max(1, (int)Math.Ceiling(clock.GetElapsedTime(now, _until).TotalSeconds));
                return false;
            }

            if (now >= _until)
            {
                // also where probes were let through and nothing was heard of them: a stream may last for hours
                _probes = 0;
                _until = now + TicksOf(rule.Pause);
            }

            if (_state == State.Open)
            {
                _good = 0;
                Become(State.HalfOpen);
                news.HalfOpened();
            }

            forward.Phase = _phase;
            _probes++;
            return true;
        }
    }

    private void GiveBack(int phase)
    {
        if (_state == State.Closed) return;
        lock (_gate)
            if (phase == _phase && _state == State.HalfOpen && _probes > 0) _probes--;
    }

    private void Count(bool failed)
    {
        var (all, some) = _counts.Add(1, failed ? 1 : 0);
        if (!failed || all < rule.Volume || some < all * rule.Failures.Fraction) return;
        lock (_gate)
            if (_state == State.Closed) Open($"{some} of the last {all} attempts failed");
    }

    private void Judge(int phase, bool failed)
    {
        lock (_gate)
        {
            if (phase != _phase || _state != State.HalfOpen) return;
            if (failed)
            {
                Open("it still fails");
                return;
            }

            if (++_good < rule.Probes) return;
            _counts.Clear();
            Become(State.Closed);
            news.Closed();
        }
    }

    private void Open(string why)
    {
        var pause = rule.Pause * (0.9 + (0.2 * random.NextDouble())); // so that not all gateways come back at once
        _until = clock.GetTimestamp() + TicksOf(pause);
        Become(State.Open);
        news.Opened(pause, why);
    }

    private void Become(State state)
    {
        Volatile.Write(ref _phase, _phase + 1);
        _state = state;
    }

    private long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * clock.TimestampFrequency);
}
