using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Limits;

/// <summary>Limits: how often a route may be called, by whom.</summary>
internal sealed class LimitsKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "limits";

    public override IReadOnlyList<Key> Keys => [LimitsSpec.Key];

    public override IReadOnlyList<Key> EnvironmentKeys => Keys;

    public override object? Read(RouteSource source) => LimitsSpec.Read(source);

    public override Node Tighten(Node? declared, Node environment, Findings findings) => TighterLimits.Join(declared, environment, findings);

    public override Place? CountsPersonsAt(IReadOnlyDictionary<string, object> specs)
    {
        foreach (var limit in (specs.GetValueOrDefault(Name) as LimitsSpec)?.Limits ?? [])
            if (limit.Per == Per.Person) return limit.Place;
        return null;
    }

    /// <summary>
    /// Routes that count into the same cells have to allow the same: otherwise a call at one of them would use up more than a call at
    /// another.
    /// </summary>
    public override void CheckTogether(IReadOnlyList<Route> routes, Findings findings)
    {
        var first = new Dictionary<string, (Limit Limit, Route Route)>(StringComparer.Ordinal);
        foreach (var route in routes)
        {
            foreach (var limit in SpecOf<LimitsSpec>(route)?.Limits ?? [])
            {
                var identity = IdentityOf(limit, route);
                if (first.TryAdd(identity, (limit, route))) continue;
                var (other, owner) = first[identity];
                if (other.Shared != limit.Shared)
                    findings.Add(Rules.Contradiction, limit.SharedPlace ?? limit.Place,
                        $"the limit '{limit.Name}' of route {route.Id} is one count with that of {owner.Id}, which is shared otherwise at {other.SharedPlace ?? other.Place}",
                        "write the same 'shared', or give one of them a 'name' of its own");
                if (other.Allow == limit.Allow) continue;
                findings.Add(Rules.Contradiction, limit.Place,
                    string.Create(CultureInfo.InvariantCulture,
                        $"the limit '{limit.Name}' of route {route.Id} allows {limit.Allow}, but it is one count with that of {owner.Id}, which allows {other.Allow} at {other.Place}"),
                    "write the same number, or give one of them a 'name' of its own");
            }
        }
    }

    public override IReadOnlyList<StoreUse> StoreUses(IReadOnlyDictionary<string, object> specs) =>
        [.. ((specs.GetValueOrDefault(Name) as LimitsSpec)?.Limits ?? []).Where(l => l.Shared is not Sharing.Local).Select(l =>
            new StoreUse(l.SharedPlace ?? l.Place, l.Shared is not null, l.Per is Per.Person or Per.Credential or Per.Address))];

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (SpecOf<LimitsSpec>(route) is not { } spec) return null; // only routes that no declaration was read for
        if (context.Store is { } store && spec.Limits.Any(l => l.Shared is not Sharing.Local)) return SharedLimits.Compile(spec, route, store, context);
        var limits = new CompiledLimit[spec.Limits.Count];
        for (var i = 0; i < limits.Length; i++) limits[i] = Compile(spec.Limits[i], route, context);

        var rendered = LimitsPolicy.Render(spec.Limits);
        return new LimitsPolicy(limits, context.Shared((KindName, rendered), () => rendered), context.Clock);
    }

    /// <summary>A limit that this instance counts by itself.</summary>
    public static CompiledLimit Compile(Limit limit, Route route, CompileContext context)
    {
        var budget = BudgetOf(context);
        var cells = context.State.Get(KindName, IdentityOf(limit, route), () => new CellTable(budget, context.Clock));
        return new CompiledLimit(limit, new Rate(limit.Allow, limit.Every, context.Clock.TimestampFrequency), cells);
    }

    public static CellBudget BudgetOf(CompileContext context) => context.State.Get(KindName, "budget", static () => new CellBudget());

    /// <summary>
    /// What the cells belong to. The window is part of it: cells hold a share of a window, which another <c>allow</c> leaves as it is (who has used
    /// half has still used half), but which would mean something else in another window.
    /// </summary>
    public static string IdentityOf(Limit limit, Route route)
    {
        var whose = limit.Per switch
        {
            Per.All => "all",
            Per.Api => "api " + route.Id.Value[..route.Id.Value.IndexOf('/', StringComparison.Ordinal)],
            Per.Person or Per.Consumer or Per.Credential or Per.Address or Per.Route => "route " + route.Id.Value,
        };
        return string.Create(CultureInfo.InvariantCulture, $"{whose} {limit.Name} {Units.Write(limit.Every)}");
    }
}
