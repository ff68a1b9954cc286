using System.Collections.Concurrent;

namespace Gatehouse.Policies.Limits;

/// <summary>How many places for cells all tables of the process may take together: about 150 bytes each.</summary>
internal sealed class CellBudget(int most = 1_000_000)
{
    private int _left = most;

    public bool TryTake(int places)
    {
        if (Interlocked.Add(ref _left, -places) >= 0) return true;
        Return(places);
        return false;
    }

    public void Return(int places) => Interlocked.Add(ref _left, places);
}

/// <summary>
/// The cells of one limit, by caller. Bounded: now and then, and when it is full, cells whose use has come back are dropped; callers for whom there
/// is still no place share one cell, which makes the limit stricter for them and never looser.
/// </summary>
/// <param name="make">Makes the cell of a caller; null for the plain one.</param>
/// <param name="places">How many places of the budget such a cell takes.</param>
internal sealed class CellTable(
    CellBudget budget, TimeProvider clock, int most = CellTable.Most, Func<PartitionKey, Cell>? make = null, int places = 1) : IDisposable
{
    public const int Most = 100_000;

    /// <summary>How often what has come back is dropped while there is room.</summary>
    public const int SecondsBetween = 60;

    private readonly Func<PartitionKey, Cell> _make = make ?? Plain;
    private readonly Cell _overflow = (make ?? Plain)(PartitionKey.Everybody);
    private readonly long _sweepEvery = clock.TimestampFrequency;
    private readonly long _sweepSeldom = SecondsBetween * clock.TimestampFrequency;
    private ConcurrentDictionary<PartitionKey, Cell>? _cells; // made by the first caller of its own: many limits count everybody together
    private long _sweptAt = long.MinValue;
    private int _count;

    /// <summary>The one cell of a limit that counts everybody together.</summary>
    public Cell Everybody { get; } = (make ?? Plain)(PartitionKey.Everybody);

    /// <summary>Cells held for callers of their own.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The caller's cell. It may turn out to be <see cref="Cell.Gone"/> when it is charged: then it is to be asked for again.</summary>
    public Cell Find(PartitionKey key, long now)
    {
        if (key.Kind == PartitionKind.Everybody) return Everybody;
        var cells = LazyInitializer.EnsureInitialized(ref _cells);
        if (cells.TryGetValue(key, out var cell))
        {
            if (cell.Time != Cell.Gone) return cell;
            Drop(cells, key, cell);
        }

        return Add(cells, key, now);
    }

    /// <summary>All cells that there are.</summary>
    public IEnumerable<Cell> All()
    {
        yield return Everybody;
        yield return _overflow;
        if (_cells is not { } cells) yield break;
        foreach (var (_, cell) in cells) yield return cell;
    }

    /// <summary>Gives the table's places back when no snapshot uses it any more.</summary>
    public void Dispose()
    {
        if (_cells is { } cells)
            foreach (var (key, cell) in cells) Drop(cells, key, cell);
        Everybody.Retire();
        _overflow.Retire();
    }

    private static Cell Plain(PartitionKey key) => new();

    private Cell Add(ConcurrentDictionary<PartitionKey, Cell> cells, PartitionKey key, long now)
    {
        if (!HasPlace(cells, now)) return _overflow;
        var cell = _make(key);
        var there = cells.GetOrAdd(key, cell);
        if (ReferenceEquals(there, cell)) return cell;
        ReturnPlace(); // somebody else was faster
        return there;
    }

    private bool HasPlace(ConcurrentDictionary<PartitionKey, Cell> cells, long now)
    {
        Sweep(cells, now, _sweepSeldom); // those who were here once are not kept for ever
        if (TryTakePlace()) return true;
        Sweep(cells, now, _sweepEvery);
        return TryTakePlace();
    }

    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _count) <= most && budget.TryTake(places)) return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    private void ReturnPlace()
    {
        Interlocked.Decrement(ref _count);
        budget.Return(places);
    }

    /// <summary>
    /// Drops what has come back: each minute, and each second while there is no place; by one thread, because a flood of new callers would otherwise
    /// pay for it each time.
    /// </summary>
    private void Sweep(ConcurrentDictionary<PartitionKey, Cell> cells, long now, long every)
    {
        var last = Volatile.Read(ref _sweptAt);
        if (last != long.MinValue && now - last < every) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, last) != last) return;
        foreach (var (key, cell) in cells)
        {
            var time = cell.Time;
            if (time <= now && cell.Replace(time, Cell.Gone)) Drop(cells, key, cell);
        }
    }

    private void Drop(ConcurrentDictionary<PartitionKey, Cell> cells, PartitionKey key, Cell cell)
    {
        if (!cells.TryRemove(new KeyValuePair<PartitionKey, Cell>(key, cell))) return;
        ReturnPlace();
        cell.Retire();
    }
}
