using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>Compiles a route some of whose limits instances share.</summary>
internal static class SharedLimits
{
    public static SharedLimitsPolicy Compile(LimitsSpec spec, Route route, SharedStore store, CompileContext context)
    {
        var refill = context.State.Get(LimitsKind.KindName, "refill " + store.Identity, () => new LeaseRefill(store, context.Clock));
        var parts = new SharedPart[spec.Limits.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var limit = spec.Limits[i] with { Shared = spec.Limits[i].Shared ?? Sharing.Leased };
            parts[i] = limit.Shared is Sharing.Local
                ? new SharedPart(null, LimitsKind.Compile(limit, route, context))
                : new SharedPart(Share(limit, route, store, refill, context), default);
        }

        var rendered = LimitsPolicy.Render(spec.Limits);
        return new SharedLimitsPolicy(parts, context.Shared((LimitsKind.KindName, rendered), () => rendered), store, context.Clock);
    }

    private static SharedLimit Share(Limit limit, Route route, SharedStore store, LeaseRefill refill, CompileContext context)
    {
        var identity = LimitsKind.IdentityOf(limit, route);
        var budget = LimitsKind.BudgetOf(context);
        var cells = context.State.Get(LimitsKind.KindName, $"shared {store.Keys.Identity} {identity}",
            () => new SharedCells(identity, store.Keys, budget, context.Clock));
        return new SharedLimit(limit, cells, store, refill, context.Clock.TimestampFrequency);
    }
}
