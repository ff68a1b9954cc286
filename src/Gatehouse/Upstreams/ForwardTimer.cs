using Microsoft.Extensions.ObjectPool;

namespace Gatehouse.Upstreams;

/// <summary>Which of a forwarded exchange's times ran out.</summary>
internal enum Expiry
{
    None,
    Head,
    Deadline,
}

/// <summary>
/// Bounds one forwarded exchange: the wait for the response's head and the whole. Pooled, and lazy: an exchange that ends in time only writes due
/// times; the timer, once set, is left to fire at a time that was due for some earlier exchange, looks what is due now, and is set again. So a busy
/// gateway sets one timer in seconds instead of several for each exchange.
/// </summary>
internal sealed class ForwardTimer : IResettable, IDisposable
{
    /// <summary>Not due at all.</summary>
    public const long Never = long.MaxValue;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cancel = new();
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private long _headDue = Never;
    private long _deadlineDue = Never;
    private long _firesAt = Never;
    private bool _headArrived;
    private Expiry _expired;

    public ForwardTimer(TimeProvider clock)
    {
        _clock = clock;
        _timer = clock.CreateTimer(static state => ((ForwardTimer)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when a time has run out.</summary>
    public CancellationToken Token => _cancel.Token;

    public Expiry Expired
    {
        get
        {
            lock (_gate) return _expired;
        }
    }

    /// <summary>Begins an exchange. Due times are timestamps of the clock, or <see cref="Never"/>.</summary>
    public void Begin(long headDue, long deadlineDue)
    {
        lock (_gate)
        {
            _headDue = headDue;
            _deadlineDue = deadlineDue;
            Set();
        }
    }

    /// <summary>The request is sent to its end: from now on the head is waited for. Does nothing when it came before.</summary>
    public void AwaitHead(long headDue)
    {
        lock (_gate)
        {
            if (_headArrived) return;
            _headDue = headDue;
            Set();
        }
    }

    public void HeadArrived()
    {
        lock (_gate)
        {
            _headArrived = true;
            _headDue = Never;
        }
    }

    /// <summary>Ends the exchange. False when a time had run out: then this timer is not used again.</summary>
    public bool TryReset()
    {
        lock (_gate)
        {
            _headDue = _deadlineDue = Never;
            _headArrived = false;
            return _expired == Expiry.None && _cancel.TryReset();
        }
    }

    /// <summary>Stops the timer. The token's source holds nothing that needs disposing, and may just be cancelling.</summary>
    public void Dispose() => _timer.Dispose();

    private void Set()
    {
        var due = Math.Min(_headDue, _deadlineDue);
        if (due >= _firesAt) return;
        _firesAt = due;
        var wait = Math.Max(1, Math.Ceiling(_clock.GetElapsedTime(_clock.GetTimestamp(), due).TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _firesAt = Never;
            var due = Math.Min(_headDue, _deadlineDue);
            if (due == Never || _expired != Expiry.None) return;
            if (_clock.GetTimestamp() < due)
            {
                Set();
                return;
            }

            _expired = _headDue <= _deadlineDue ? Expiry.Head : Expiry.Deadline;
        }

        _cancel.Cancel();
    }
}

/// <summary>Makes timers for the pool.</summary>
internal sealed class ForwardTimers(TimeProvider clock) : IPooledObjectPolicy<ForwardTimer>
{
    private readonly TimeProvider _clock = clock;

    public ForwardTimer Create() => new(_clock);

    public bool Return(ForwardTimer timer)
    {
        if (timer.TryReset()) return true;
        timer.Dispose();
        return false;
    }
}
