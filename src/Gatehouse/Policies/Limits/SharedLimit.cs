using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>What can be said about a call without asking the store.</summary>
internal enum Taking
{
    /// <summary>It is not decided: the store has to be asked.</summary>
    Ask,

    /// <summary>It passes: from a lease, or counted alone.</summary>
    Taken,

    /// <summary>It is refused: so much is known to be used already.</summary>
    Refused,
}

/// <summary>
/// A limit that instances share. Calls are charged in the store: one by one, or leased in small batches ahead of their use. Times come in ticks of
/// this instance's clock and go to the store in its units; they are rounded so that nobody is refused here whom the store would allow.
/// </summary>
internal sealed class SharedLimit
{
    /// <summary>All instances together hold at most one call of so many.</summary>
    public const int LeasedShare = 10;

    /// <summary>The most that one instance holds of a cell, whatever the limit allows.</summary>
    public const int LargestLease = 10_000;

    private readonly long _ticksPerSecond;
    private readonly long _interval;
    private readonly long _window;
    private readonly long _intervalTicks;
    private readonly long _windowTicks;
    private readonly AloneRate _alone;
    private readonly SharedStore _store;
    private readonly LeaseRefill _refill;

    public SharedLimit(Limit limit, int cost, SharedCells cells, SharedStore store, LeaseRefill refill, long ticksPerSecond)
    {
        Limit = limit;
        Cost = cost;
        Cells = cells;
        _store = store;
        _refill = refill;
        _ticksPerSecond = ticksPerSecond;
        var every = (long)limit.Every.TotalSeconds * CellScript.UnitsPerSecond;
        _interval = (every + limit.Allow - 1) / limit.Allow; // rounded up: never looser than written
        _window = _interval * limit.Allow;
        _intervalTicks = Ticks(_interval);
        _windowTicks = Ticks(_window) + 1;
        _alone = AloneRate.Of(Math.Max(1, _intervalTicks), _windowTicks, limit.Allow, store.Instances);
        Batch = limit.Shared == Sharing.Exact ? 0 : Math.Min(LargestLease, limit.Allow / (LeasedShare * store.Instances));
    }

    public Limit Limit { get; }

    /// <summary>What one call of the route takes of it.</summary>
    public int Cost { get; }

    public SharedCells Cells { get; }

    /// <summary>The most calls that this instance holds of a cell; 0 where each call is asked for.</summary>
    public int Batch { get; }

    /// <summary>Decides without the store where that is possible. A lease that runs low is filled up beside the call.</summary>
    public Taking Take(SharedCell cell, long now, out Answer answer)
    {
        if (Batch > 0 && cell.TryTake(Cost))
        {
            if (cell.Leased <= Batch / 2 && HasMore(cell, 1, now) && _store.IsFine && cell.TryBeginRefill()) _refill.Add(this, cell);
            answer = Describe(cell, now);
            return Taking.Taken;
        }

        answer = default;
        if (!_store.IsFine) return Taking.Ask; // and then counted alone
        if (HasMore(cell, Cost, now)) return Taking.Ask;
        answer = Refusal(cell, now);
        return Taking.Refused;
    }

    /// <summary>What the limit would say, as far as is known here, without charging anything.</summary>
    public Answer Look(SharedCell cell, long now) => cell.Leased >= Cost || HasMore(cell, Cost, now) ? Describe(cell, now) : Refusal(cell, now);

    /// <summary>Counts a call alone, because the store cannot be asked; null when the cell was swept away meanwhile.</summary>
    public Answer? TakeAlone(SharedCell cell, long now)
    {
        var answer = cell.Alone(Cost, now, _store.Losses, _alone, out var begins);
        if (answer is not null) _store.Tally.Alone.Add();
        if (begins) _refill.Owes(this, cell);
        return answer;
    }

    /// <summary>Gives back what was taken from a lease.</summary>
    public void GiveBack(SharedCell cell) => cell.Put(Cost, Batch);

    /// <summary>Gives back what was counted alone.</summary>
    public void GiveBackAlone(SharedCell cell) => cell.GiveBackAlone(Cost, _alone);

    /// <summary>The question to the store: to charge a call, and to lease as many more as may be held, if nobody else is at it.</summary>
    /// <param name="leases">Whether the asker has begun a refill of the cell.</param>
    public Question Ask(SharedCell cell, int cost, bool leases, long now)
    {
        var owed = cell.TakeOwed(now, _alone);
        var ask = new CellAsk(cell.Key, _interval, _window, cost, leases ? Batch - cell.Leased : 0)
        {
            Floor = Math.Min(_window, Units(Math.Max(0, cell.Known - now))),
            Owed = Math.Min(_window, Units(owed.Ticks)),
        };
        return new Question(ask, leases, owed.Calls, now);
    }

    /// <summary>The question that gives a call back, because something beside the store's limits has refused it.</summary>
    public CellAsk Return(SharedCell cell) => new(cell.Key, _interval, _window, -Cost, 0);

    /// <summary>Takes notice of the store's answer to a question.</summary>
    /// <param name="returns">Whether what the question has cost is given back.</param>
    /// <returns>What the limit says now: a refusal when the question's cost is more than was left.</returns>
    public Answer Hear(SharedCell cell, in Question question, CellState state, bool passes, bool returns, long now)
    {
        cell.Learn(question.At + Ticks(state.Used - (returns ? question.Cell.Cost * _interval : 0)));
        cell.Put(state.Granted, Batch);
        if (question.Leases) cell.EndRefill();
        var used = passes ? state.Used : state.Used + question.Cell.Cost * _interval;
        return used > _window ? Refusal(cell, now) : Describe(cell, now);
    }

    /// <summary>Undoes what asking has changed here, because there was no answer.</summary>
    public void HearNothing(SharedCell cell, in Question question)
    {
        if (cell.RestoreOwed(question.Owed)) _refill.Owes(this, cell);
        if (question.Leases) cell.EndRefill();
    }

    /// <summary>Whether, as far as is known here, the store could still allow so many calls.</summary>
    private bool HasMore(SharedCell cell, int cost, long now) => cell.Known - now + cost * _intervalTicks <= _windowTicks;

    private Answer Describe(SharedCell cell, long now)
    {
        var used = Math.Max(0, cell.Known - now);
        var leased = cell.Leased;
        var remaining = Math.Max(0, _windowTicks - used) / Math.Max(1, _intervalTicks) + leased;
        var whole = Math.Max(0, used - leased * _intervalTicks);
        var retry = leased >= Cost ? 0 : Math.Max(0, used + Cost * _intervalTicks - _windowTicks);
        return new Answer(long.MaxValue, Math.Min(remaining, Limit.Allow), whole, retry);
    }

    private Answer Refusal(SharedCell cell, long now)
    {
        var used = Math.Max(0, cell.Known - now);
        var remaining = Math.Max(0, _windowTicks - used) / Math.Max(1, _intervalTicks);
        return new Answer(0, Math.Min(remaining, Cost - 1), used, Math.Max(1, used + Cost * _intervalTicks - _windowTicks));
    }

    private long Ticks(long units) => (long)((Int128)units * _ticksPerSecond / CellScript.UnitsPerSecond);

    private long Units(long ticks) => (long)((Int128)ticks * CellScript.UnitsPerSecond / _ticksPerSecond);

    /// <summary>What was asked about one cell.</summary>
    /// <param name="Leases">Whether a refill of the cell was begun with it.</param>
    /// <param name="Owed">Calls allowed alone that the store is told of.</param>
    /// <param name="At">When it was asked.</param>
    internal readonly record struct Question(CellAsk Cell, bool Leases, int Owed, long At);
}
