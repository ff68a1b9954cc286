using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Limits;

/// <summary>Limits and quotas: how often a route may be called, by whom.</summary>
internal sealed class LimitsKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "limits";

    /// <summary>Cells of forms that know more than a time take as much room as two plain ones.</summary>
    public const int LargePlaces = 2;

    public override IReadOnlyList<Key> Keys => [LimitsSpec.Key, LimitsSpec.QuotasKey, LimitsSpec.Cost];

    public override IReadOnlyList<Key> EnvironmentKeys => [LimitsSpec.Key, LimitsSpec.QuotasKey];

    public override object? Read(RouteSource source) => LimitsSpec.Read(source);

    public override Node Tighten(Key key, Node? declared, Node environment, Findings findings) =>
        TighterLimits.Join((Key<IReadOnlyList<Limit>>)key, declared, environment, findings);

    public override Place? CountsPersonsAt(IReadOnlyDictionary<string, object> specs) => FirstPlace(specs, static l => l.Per == Per.Person);

    public override Place? OutlivesAt(IReadOnlyDictionary<string, object> specs) => FirstPlace(specs, static l => l.IsQuota && !l.IsSharedQuota);

    public override IReadOnlyList<StoreUse> StoreUses(IReadOnlyDictionary<string, object> specs) =>
        [.. ((specs.GetValueOrDefault(Name) as LimitsSpec)?.All ?? []).Where(l => l.IsShared || l.IsSharedQuota).Select(l =>
            new StoreUse(l.SharedPlace ?? l.Place, l.Shared is not null, l.Per is Per.Person or Per.Credential or Per.Address))];

    /// <summary>
    /// Routes that count into the same cells have to allow the same: otherwise a call at one of them would use up more than a call at
    /// another.
    /// </summary>
    public override void CheckTogether(IReadOnlyList<Route> routes, Findings findings)
    {
        var first = new Dictionary<string, (Limit Limit, Route Route)>(StringComparer.Ordinal);
        foreach (var route in routes)
        {
            foreach (var limit in SpecOf<LimitsSpec>(route)?.All ?? [])
            {
                var identity = LimitIdentity.Of(limit, route);
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

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (SpecOf<LimitsSpec>(route) is not { } spec) return null; // only routes that no declaration was read for
        var text = LimitsPolicy.Render(spec.All.Where(l => !l.ReportOnly));
        var rendered = context.Shared((KindName, text), () => text);
        if (context.Store is { } store && spec.Limits.Any(l => l.IsShared)) return SharedLimits.Compile(spec, rendered, route, store, context);
        if (spec.All.All(l => l is { Form: LimitForm.Even, ReportOnly: false } && l.CostOf(spec.CallCost) == 1))
            return new LimitsPolicy([.. spec.Limits.Select(l => Compile(l, route, context))], rendered, context.Clock);
        return new MixedLimitsPolicy([.. spec.All.Select(l => AllowanceOf(l, spec, route, context))], rendered, context.Clock);
    }

    /// <summary>A limit of the usual form.</summary>
    public static CompiledLimit Compile(Limit limit, Route route, CompileContext context) =>
        new(limit, new Rate(limit.Allow, limit.Every, context.Clock.TimestampFrequency), CellsOf(limit, route, context));

    public static CellBudget BudgetOf(CompileContext context) => context.State.Get(KindName, "budget", static () => new CellBudget());

    private Place? FirstPlace(IReadOnlyDictionary<string, object> specs, Func<Limit, bool> asked)
    {
        foreach (var limit in (specs.GetValueOrDefault(Name) as LimitsSpec)?.All ?? [])
            if (asked(limit)) return limit.Place;
        return null;
    }

    public static Allowance AllowanceOf(Limit limit, LimitsSpec spec, Route route, CompileContext context)
    {
        var (cost, cells) = (limit.CostOf(spec.CallCost), CellsOf(limit, route, context));
        return limit.Form switch
        {
            LimitForm.Even => new EvenAllowance(limit, cost, cells, context.Clock),
            LimitForm.Sliding => new SlidingAllowance(limit, cost, cells, context.Clock),
            LimitForm.AtOnce => new AtOnceAllowance(limit, cells, context.Clock),
            LimitForm.Day or LimitForm.Month => new QuotaAllowance(limit, cost, cells),
        };
    }

    private static CellTable CellsOf(Limit limit, Route route, CompileContext context)
    {
        var identity = LimitIdentity.Of(limit, route);
        var budget = BudgetOf(context);
        return limit.Form switch
        {
            LimitForm.Even => Table(identity, null, 1),
            LimitForm.Sliding => Table(identity, static _ => new SlidingCell(), LargePlaces),
            LimitForm.AtOnce => Table(identity, static _ => new AtOnceCell(), 1),
            LimitForm.Day or LimitForm.Month when limit.IsSharedQuota => SharedQuotas.CellsOf(limit, identity, budget, context),
            LimitForm.Day or LimitForm.Month => Quota(),
        };

        CellTable Table(string name, Func<PartitionKey, Cell>? make, int places) =>
            context.State.Get(KindName, name, () => new CellTable(budget, context.Clock, CellTable.Most, make, places));

        CellTable Quota()
        {
            var ledger = LedgerOf(context);
            var book = new QuotaBook(ledger, $"{identity} per {LimitKeys.Word(limit.Per)}", limit.Form, context.Clock);
            return Table($"{identity} in {context.QuotaFile}", key => new QuotaCell(book, key), LargePlaces);
        }
    }

    /// <summary>The ledger of the file that the declaration names; null without one, and when nothing will be served.</summary>
    public static QuotaLedger? LedgerOf(CompileContext context) =>
        context is { Events: { } events, QuotaFile: { } path }
            ? context.State.Get("quotas", path, () => new QuotaLedger(path, events))
            : null;
}
