using System.Collections.Concurrent;

namespace Gatehouse.Backend;

/// <summary>Remembers the ids of assertions that were used, until they could not be used again anyway. Bounded: full is refused.</summary>
internal sealed class UsedOnce(TimeProvider clock, int most = 100_000)
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);
    private long _sweptAt = clock.GetTimestamp();
    private int _count;

    public ValueTask<bool> FirstUse(string id, DateTimeOffset until)
    {
        Sweep();
        if (Interlocked.Increment(ref _count) <= most && _used.TryAdd(id, until)) return new(true);
        Interlocked.Decrement(ref _count);
        return new(false);
    }

    private void Sweep()
    {
        var last = Volatile.Read(ref _sweptAt);
        if (clock.GetElapsedTime(last) < SweepEvery || Interlocked.CompareExchange(ref _sweptAt, clock.GetTimestamp(), last) != last) return;
        var now = clock.GetUtcNow();
        foreach (var entry in _used)
            if (entry.Value <= now && _used.TryRemove(entry)) Interlocked.Decrement(ref _count);
    }
}
