namespace Gatehouse.Upstreams;

/// <summary>
/// How many exchanges an upstream has at once: what is stalled holds no more of the gateway than that. It outlives reloads, which may change the
/// rule. With room left it costs two interlocked additions.
/// </summary>
internal sealed class Bulkhead
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _queue = new();
    private int _inside;
    private int _waiting;

    /// <summary>Exchanges that have entered and not left.</summary>
    public int Inside => Volatile.Read(ref _inside);

    /// <summary>Enters, unless it is full or somebody waits already.</summary>
    public bool TryEnter(BulkheadRule rule)
    {
        if (Volatile.Read(ref _waiting) != 0) return false;
        if (TryTake(rule.Most)) return true;
        if (Volatile.Read(ref _waiting) != 0) Call(rule.Most); // whoever has come meanwhile may have found taken what was taken for a moment only
        return false;
    }

    /// <summary>Waits for room; false when there was none, or too many wait.</summary>
    /// <param name="wait">For how long: the rule's, or less for who has less time.</param>
    public async ValueTask<bool> EnterAsync(BulkheadRule rule, TimeSpan wait, TimeProvider clock, CancellationToken cancel)
    {
        var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_waiting >= rule.Queue) return false;
            _queue.AddLast(turn);
            Volatile.Write(ref _waiting, _waiting + 1);
        }

        Call(rule.Most); // room may have been made before this one was seen to wait
        await using var timer = clock.CreateTimer(
            static waiting => ((TaskCompletionSource<bool>)waiting!).TrySetResult(false), turn, wait, Timeout.InfiniteTimeSpan);
        await using var left = cancel.UnsafeRegister(static waiting => ((TaskCompletionSource<bool>)waiting!).TrySetResult(false), turn);
        var entered = await turn.Task;
        if (!entered) Forget(turn);
        return entered;
    }

    public void Leave(BulkheadRule rule)
    {
        Interlocked.Decrement(ref _inside);
        if (Volatile.Read(ref _waiting) > 0) Call(rule.Most);
    }

    private bool TryTake(int most)
    {
        if (Interlocked.Increment(ref _inside) <= most) return true;
        Interlocked.Decrement(ref _inside);
        return false;
    }

    /// <summary>Lets in who waits longest, as far as there is room.</summary>
    private void Call(int most)
    {
        lock (_gate)
        {
            while (_queue.First is { } first && TryTake(most))
            {
                _queue.RemoveFirst();
                Volatile.Write(ref _waiting, _waiting - 1);
                if (!first.Value.TrySetResult(true)) Interlocked.Decrement(ref _inside); // it has just given up
            }
        }
    }

    private void Forget(TaskCompletionSource<bool> turn)
    {
        lock (_gate)
            if (_queue.Remove(turn)) Volatile.Write(ref _waiting, _waiting - 1);
    }
}
