using System.Collections.Concurrent;
using System.Threading.Channels;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// Speaks with the store beside the calls: fills leases up before they are used up, and tells a store that was found again what was allowed while it
/// was lost. What has come together while the store was asked is asked for at once. When too much waits, a lease is not filled up, and its next
/// call asks for itself.
/// </summary>
internal sealed class LeaseRefill : IDisposable
{
    private const int MostAtOnce = 32;
    private const int MostWaiting = 4096;

    /// <summary>How long a store that is fine and had no answer is left alone before it is told again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly SharedStore _store;
    private readonly TimeProvider _clock;
    private readonly Channel<Item> _waiting = Channel.CreateBounded<Item>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly ConcurrentQueue<Item> _owing = new(); // each cell once at most
    private readonly Item[] _taken = new Item[MostAtOnce];
    private readonly SharedLimit.Question[] _questions = new SharedLimit.Question[MostAtOnce];
    private int _lookAt = MostWaiting;

    public LeaseRefill(SharedStore store, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        store.Found += () => _waiting.Writer.TryWrite(default); // there may be debts to tell of
        _ = Task.Run(RunAsync);
    }

    /// <param name="cell">Its refill was begun by the caller; it ends here, whatever becomes of it.</param>
    public void Add(SharedLimit limit, SharedCell cell)
    {
        if (!_waiting.Writer.TryWrite(new Item(limit, cell, Leases: true))) cell.EndRefill();
    }

    /// <summary>Cells that the store is to be told of.</summary>
    public int Owing => _owing.Count;

    /// <summary>The store is to be told of what this cell was charged without it: as soon as it can be, which may be now.</summary>
    public void Owes(SharedLimit limit, SharedCell cell)
    {
        if (!cell.TryQueue()) return;
        _owing.Enqueue(new Item(limit, cell, Leases: false));
        _waiting.Writer.TryWrite(default); // where there is no room, what waits there is followed by a look at those that owe
    }

    public void Dispose() => _waiting.Writer.TryComplete();

    private async Task RunAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            var count = 0;
            while (count < MostAtOnce && _waiting.Reader.TryRead(out var next))
                if (next.Cell is not null) _taken[count++] = next;
            if (count > 0) await AskAsync(count);
            while (_store.IsFine && await TellAsync())
            {
            }

            if (!_store.IsFine) DropWhatIsGone();
        }
    }

    /// <summary>Tells of some that owe; false when there are none.</summary>
    private async Task<bool> TellAsync()
    {
        var count = 0;
        while (count < MostAtOnce && _owing.TryDequeue(out var next))
            if (next.Cell.Unqueue()) _taken[count++] = next;
        // too slow, or with too much to do: those that have not been told of wait again
        if (count > 0 && !await AskAsync(count) && _store.IsFine) await Task.Delay(Pause, _clock);
        return count > 0;
    }

    /// <summary>
    /// While the store is lost, callers come and go: those whose cells were swept away owe nothing any more. Looked for when twice as many wait as
    /// were left the last time, so that it costs each of them little.
    /// </summary>
    private void DropWhatIsGone()
    {
        var (count, left) = (_owing.Count, 0);
        if (count < _lookAt) return;
        for (; count > 0 && _owing.TryDequeue(out var next); count--)
        {
            if (!next.Cell.Unqueue() || !next.Cell.TryQueue()) continue;
            _owing.Enqueue(next);
            left++;
        }

        _lookAt = Math.Max(MostWaiting, 2 * left);
    }

    /// <returns>Whether there was an answer.</returns>
    private async Task<bool> AskAsync(int count)
    {
        var now = _clock.GetTimestamp();
        var asks = new CellAsk[count]; // its own each time: one that was given up may still be read
        for (var i = 0; i < count; i++)
        {
            _questions[i] = _taken[i].Limit.Ask(_taken[i].Cell, cost: 0, _taken[i].Leases, now);
            asks[i] = _questions[i].Cell;
        }

        var answer = await _store.AskAsync(asks, count);
        now = _clock.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            if (answer.IsThere) _taken[i].Limit.Hear(_taken[i].Cell, _questions[i], answer.Cells[i], answer.Passes, returns: false, now);
            else _taken[i].Limit.HearNothing(_taken[i].Cell, _questions[i]);
        }

        Array.Clear(_taken, 0, count);
        return answer.IsThere;
    }

    private readonly record struct Item(SharedLimit Limit, SharedCell Cell, bool Leases);
}
