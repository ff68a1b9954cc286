using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Limits;

/// <summary>What became of the attempt to charge a call.</summary>
internal enum Outcome
{
    Charged,

    Refused,

    /// <summary>Nobody knows yet, and the call is not charged: who can wait asks to be settled.</summary>
    Unknown,

    /// <summary>Nobody can know at the moment.</summary>
    Unavailable,
}

/// <summary>One limit or quota of a route with its arithmetic and its cells. One subclass for each way of counting.</summary>
/// <param name="cost">What one call of the route takes of it.</param>
internal abstract class Allowance(Limit limit, int cost)
{
    public Limit Limit { get; } = limit;

    public int Cost { get; } = cost;

    /// <summary>What a caller is told whom it refuses.</summary>
    public abstract Problem Problem { get; }

    /// <summary>Why, for the log.</summary>
    public abstract string Reason { get; }

    /// <summary>Whether what a call takes is given back when its exchange ends.</summary>
    public virtual bool ReturnsAtEnd => false;

    /// <summary>Whether its answer can be unknown at first, so that a call is settled.</summary>
    public virtual bool MayWait => false;

    /// <summary>Charges the call to the cell of who makes the exchange. Exact, whatever runs at once.</summary>
    /// <param name="now">The monotonic clock, in ticks.</param>
    public abstract Outcome Charge(Exchange exchange, long now, out Cell cell, out Answer answer);

    /// <summary>What it would say, without charging anything.</summary>
    public abstract Answer Look(Exchange exchange, long now);

    /// <summary>Takes a charge back, because another limit has refused the call, or because the exchange has ended.</summary>
    /// <param name="charged">What the answer to it said.</param>
    public abstract void GiveBack(Cell cell, long charged);

    /// <summary>Charges a call of which nobody knew at once, as soon as that is known; in the order in which calls came.</summary>
    public virtual Task<Settled> SettleAsync(Exchange exchange, long now) => Task.FromResult(new Settled(Outcome.Unavailable, null, default));
}

/// <summary>What became of a call that has waited.</summary>
internal readonly record struct Settled(Outcome Outcome, Cell? Cell, Answer Answer);
