using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// What this instance knows of the cells of one shared limit, by caller. Bounded like the cells of a limit that is not shared: callers for whom there
/// is no place share one cell, here and in the store, so that the store's memory is bounded too.
/// </summary>
/// <param name="identity">What the cells belong to: the same in all instances.</param>
internal sealed class SharedCells(string identity, StoreKeys keys, CellBudget budget, TimeProvider clock, int most = CellTable.Most) : IDisposable
{
    private const int Places = 2; // it knows more than a time
    private const byte Overflow = byte.MaxValue;

    private readonly ConcurrentDictionary<PartitionKey, SharedCell> _cells = new();
    private readonly SharedCell _everybody = new(keys.Of(identity, (byte)PartitionKind.Everybody, default));
    private readonly SharedCell _overflow = new(keys.Of(identity, Overflow, default));
    private long _sweptAt = long.MinValue;
    private int _count;

    /// <summary>Cells held for callers of their own.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The caller's cell. One that was swept away meanwhile says so when it is charged alone.</summary>
    public SharedCell Find(PartitionKey key, long now)
    {
        if (key.Kind == PartitionKind.Everybody) return _everybody;
        return _cells.TryGetValue(key, out var cell) ? cell : Add(key, now);
    }

    public void Dispose()
    {
        foreach (var entry in _cells) Drop(entry);
    }

    private SharedCell Add(PartitionKey key, long now)
    {
        Sweep(now, CellTable.SecondsBetween * clock.TimestampFrequency); // those who were here once are not kept for ever
        if (!TryTakePlace())
        {
            Sweep(now, clock.TimestampFrequency);
            if (!TryTakePlace()) return _overflow;
        }

        var cell = new SharedCell(KeyOf(key));
        var there = _cells.GetOrAdd(key, cell);
        if (!ReferenceEquals(there, cell)) ReturnPlace(); // somebody else was faster
        return there;
    }

    private byte[] KeyOf(PartitionKey key)
    {
        if (key.Name is { } name) return keys.Of(identity, (byte)key.Kind, Encoding.UTF8.GetBytes(name));
        Span<byte> network = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(network, key.Network);
        return keys.Of(identity, (byte)key.Kind, network);
    }

    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _count) <= most && budget.TryTake(Places)) return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    private void ReturnPlace()
    {
        Interlocked.Decrement(ref _count);
        budget.Return(Places);
    }

    /// <summary>Drops what has come back; not more often, because a flood of new callers would otherwise pay for it each time.</summary>
    private void Sweep(long now, long every)
    {
        var last = Volatile.Read(ref _sweptAt);
        if (last != long.MinValue && now - last < every) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, last) != last) return;
        foreach (var entry in _cells)
            if (entry.Value.TryRetire(now)) Drop(entry);
    }

    private void Drop(KeyValuePair<PartitionKey, SharedCell> entry)
    {
        if (_cells.TryRemove(entry)) ReturnPlace();
    }
}
