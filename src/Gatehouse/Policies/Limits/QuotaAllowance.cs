using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Limits;

/// <summary>A budget over a period of the calendar.</summary>
internal sealed class QuotaAllowance(Limit limit, int cost, CellTable cells) : Allowance(limit, cost)
{
    public override Problem Problem => Problems.QuotaExceeded;

    public override string Reason => "a quota of the route is used up";

    public override bool MayWait => true;

    public override Outcome Charge(Exchange exchange, long now, out Cell cell, out Answer answer)
    {
        var key = PartitionKey.Of(exchange, Limit.Per);
        Outcome outcome;
        do cell = cells.Find(key, now);
        while (!((QuotaCell)cell).TryCharge(Cost, Limit.Allow, out outcome, out answer));
        return outcome;
    }

    public override Answer Look(Exchange exchange, long now) =>
        ((QuotaCell)cells.Find(PartitionKey.Of(exchange, Limit.Per), now)).Look(Cost, Limit.Allow);

    public override void GiveBack(Cell cell, long charged) => ((QuotaCell)cell).GiveBack(Cost, charged);

    public override async Task<Settled> SettleAsync(Exchange exchange, long now)
    {
        var key = PartitionKey.Of(exchange, Limit.Per);
        while (true)
        {
            var cell = (QuotaCell)cells.Find(key, now);
            if (cell.SettleAsync(Cost, Limit.Allow) is { } settling) return await settling;
        }
    }
}
