using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Limits;

/// <summary>A limit of which what was used comes back evenly.</summary>
internal sealed class EvenAllowance(Limit limit, int cost, CellTable cells, TimeProvider clock) : Allowance(limit, cost)
{
    private readonly Rate _rate = new(limit.Allow, limit.Every, clock.TimestampFrequency, cost);
    private readonly TimeProvider _clock = clock;

    public override Problem Problem => Problems.LimitExceeded;

    public override string Reason => "a limit of the route is used up";

    public override Outcome Charge(Exchange exchange, long now, out Cell cell, out Answer answer)
    {
        var key = PartitionKey.Of(exchange, Limit.Per);
        do cell = cells.Find(key, now);
        while (!_rate.TryCharge(cell, now, out answer)); // the cell was swept away between the two
        return answer.Refused ? Outcome.Refused : Outcome.Charged;
    }

    public override Answer Look(Exchange exchange, long now) => _rate.Look(cells.Find(PartitionKey.Of(exchange, Limit.Per), now).Time, now);

    public override void GiveBack(Cell cell, long charged) => _rate.GiveBack(cell, charged, _clock);
}

/// <summary>A limit of which each call comes back when it is a window old.</summary>
internal sealed class SlidingAllowance(Limit limit, int cost, CellTable cells, TimeProvider clock) : Allowance(limit, cost)
{
    private readonly long _width = SlidingCell.WidthOf(limit.Every, clock.TimestampFrequency);

    public override Problem Problem => Problems.LimitExceeded;

    public override string Reason => "a limit of the route is used up";

    public override Outcome Charge(Exchange exchange, long now, out Cell cell, out Answer answer)
    {
        var key = PartitionKey.Of(exchange, Limit.Per);
        do cell = cells.Find(key, now);
        while (!((SlidingCell)cell).TryCharge(Cost, Limit.Allow, _width, now, out answer));
        return answer.Refused ? Outcome.Refused : Outcome.Charged;
    }

    public override Answer Look(Exchange exchange, long now) =>
        ((SlidingCell)cells.Find(PartitionKey.Of(exchange, Limit.Per), now)).Look(Cost, Limit.Allow, _width, now);

    public override void GiveBack(Cell cell, long charged) => ((SlidingCell)cell).GiveBack(Cost, charged);
}

/// <summary>A limit on what is under way at once. When a place will be free nobody knows, so a second is named.</summary>
internal sealed class AtOnceAllowance(Limit limit, CellTable cells, TimeProvider clock) : Allowance(limit, 1)
{
    private readonly Answer _refusal = new(0, 0, 0, clock.TimestampFrequency);

    public override Problem Problem => Problems.TooManyAtOnce;

    public override string Reason => "too many exchanges are under way at once";

    public override bool ReturnsAtEnd => true;

    public override Outcome Charge(Exchange exchange, long now, out Cell cell, out Answer answer)
    {
        var key = PartitionKey.Of(exchange, Limit.Per);
        bool entered;
        int left;
        do cell = cells.Find(key, now);
        while (!((AtOnceCell)cell).TryEnter(Limit.Allow, out entered, out left));
        answer = entered ? new Answer(1, left, 0, 0) : _refusal;
        return entered ? Outcome.Charged : Outcome.Refused;
    }

    public override Answer Look(Exchange exchange, long now) =>
        ((AtOnceCell)cells.Find(PartitionKey.Of(exchange, Limit.Per), now)).IsFull(Limit.Allow) ? _refusal : new Answer(1, 1, 0, 0);

    public override void GiveBack(Cell cell, long charged) => ((AtOnceCell)cell).Leave();
}
