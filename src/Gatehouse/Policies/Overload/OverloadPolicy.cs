using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Overload;

/// <summary>Refuses exchanges of a route while the gateway is short and other routes matter more. What was taken is never given up.</summary>
internal sealed class OverloadPolicy(Priority priority, Shortage shortage, GatehouseMeter meter) : Policy
{
    private static readonly Verdict Shed = Verdict.Reject(Problems.Overloaded, "the gateway is short, and what matters more goes first");

    private readonly Tally _shed = meter.Shed(OverloadKind.Word(priority));

    public override string Name => OverloadKind.KindName;

    /// <summary>How much the route matters.</summary>
    public Priority Priority { get; } = priority;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (shortage.Takes(Priority)) return new(Verdict.Continue);
        _shed.Add();
        return new(Shed);
    }
}
