using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>Compiles a route some of whose limits instances share.</summary>
internal static class SharedLimits
{
    /// <param name="rendered">What clients are told of all that are enforced.</param>
    public static SharedLimitsPolicy Compile(LimitsSpec spec, string rendered, Route route, SharedStore store, CompileContext context)
    {
        var refill = context.State.Get(LimitsKind.KindName, "refill " + store.Identity, () => new LeaseRefill(store, context.Clock));
        SharedLimit[] shared = [.. spec.Limits.Where(l => l.IsShared).Select(l => Share(l, l.CostOf(spec.CallCost), route, store, refill, context))];
        Allowance[] rest = [.. spec.All.Where(l => !l.IsShared).Select(l => LimitsKind.AllowanceOf(l, spec, route, context))];
        var other = rest.Length == 0 ? null : new MixedLimitsPolicy(rest, rendered, context.Clock, keeps: true);
        return new SharedLimitsPolicy(shared, other, rendered, store, context.Clock);
    }

    private static SharedLimit Share(Limit limit, int cost, Route route, SharedStore store, LeaseRefill refill, CompileContext context)
    {
        var identity = LimitIdentity.Of(limit, route);
        var budget = LimitsKind.BudgetOf(context);
        var cells = context.State.Get(LimitsKind.KindName, $"shared {store.Keys.Identity} {identity}",
            () => new SharedCells(identity, store.Keys, budget, context.Clock));
        return new SharedLimit(
            limit with { Shared = limit.Shared ?? Sharing.Leased }, cost, cells, store, refill, context.Clock.TimestampFrequency);
    }
}
