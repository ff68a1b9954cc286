using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Limits;

/// <summary>What a route says about limits: at least one that is enforced.</summary>
internal sealed record LimitsSpec(IReadOnlyList<Limit> Limits)
{
    public const int MostPerRoute = 8;

    public const int MostQuotas = 4;

    public static readonly Key<int> Cost = new("cost", Shapes.Whole(1, 10_000),
        "What a call takes of the limits and quotas that count cost; 1 unless written.");

    private static readonly Key<int> AllowKey = new("allow", Shapes.Whole(1, 10_000_000), "How many calls are allowed at once, and in every window.");

    private static readonly Key<TimeSpan> EveryKey = new("every", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(31)),
        "The window, in whole seconds. What was used comes back evenly in this time.");

    private static readonly Key<LimitForm> WindowKey = new("window", Shapes.OneOf(("even", LimitForm.Even), ("sliding", LimitForm.Sliding)),
        "How the window moves: with 'even' what was used comes back evenly, with 'sliding' each call when it is a window old; even unless written.");

    private static readonly Key<int> AtOnceKey = new("atOnce", Shapes.Whole(1, 100_000),
        "How many exchanges may be under way at once, instead of 'allow' and 'every'; upgraded connections and streams count until they end.");

    private static readonly Key<string> DistinctKey = new("distinct", Shapes.Text(), "What is counted once.") { NotYet = "limits count calls" };

    private static readonly Section<Limit> Entry = new("a limit",
        [
            LimitKeys.PerKey, AllowKey, EveryKey, WindowKey, AtOnceKey, LimitKeys.AcrossKey, LimitKeys.CountKey, LimitKeys.ReportKey,
            LimitKeys.NameKey, SharingKey.Shared, DistinctKey,
        ],
        static text => SharingKey.Complete(text, ReadEntry(text)));

    private static readonly Key<int> BudgetKey = new("allow", Shapes.Whole(1, 2_000_000_000), "How many calls are allowed in a period.")
    {
        Required = true,
    };

    private static readonly Key<LimitForm> PeriodKey = new("every", Shapes.OneOf(("day", LimitForm.Day), ("month", LimitForm.Month)),
        "The period: a day, or a month of the calendar. Both begin at 00:00:00 UTC.")
    {
        Required = true,
    };

    private static readonly Section<Limit> Budget = new("a quota",
        [
            LimitKeys.PerKey, BudgetKey, PeriodKey, LimitKeys.AcrossKey, LimitKeys.CountKey, LimitKeys.ReportKey, LimitKeys.NameKey,
            SharingKey.OfQuota,
        ],
        static text => SharingKey.CompleteQuota(text, ReadBudget(text)));

    public static Key<IReadOnlyList<Limit>> Key { get; } = new("limits", Shapes.List(Entry, 1, MostPerRoute),
        "How often the route may be called. Several limits hold at once.");

    public static Key<IReadOnlyList<Limit>> QuotasKey { get; } = new("quotas", Shapes.List(Budget, 1, MostQuotas),
        "Budgets over days and months, beside the limits. They survive a restart: 'stores' says where they are kept.");

    /// <summary>Budgets over periods of the calendar.</summary>
    public IReadOnlyList<Limit> Quotas { get; init; } = [];

    /// <summary>What a call takes of those that count cost.</summary>
    public int CallCost { get; init; } = 1;

    /// <summary>Limits first: what they refuse asks nothing of a store.</summary>
    public IEnumerable<Limit> All => Limits.Concat(Quotas);

    public static LimitsSpec? Read(RouteSource source)
    {
        var quotas = source.Find(QuotasKey); // read before anything else is missed, so that all is said
        var cost = source.Find(Cost);
        if (!source.Has(Key))
        {
            source.Findings.Add(Rules.NoLimit, source.Place, $"route {source.Id} has no limit",
                "write for example: limits: [ { per: consumer, allow: 60, every: 1m } ]");
            return null;
        }

        if (source.Find(Key) is not { } limits) return null;
        if (limits.Value.Count > 0 && limits.Value.All(l => l.ReportOnly))
            source.Findings.Add(Rules.NoLimit, limits.Place, $"route {source.Id} has only limits that refuse nobody",
                "leave 'report: only' out of one of them");
        var spec = new LimitsSpec(limits.Value) { Quotas = quotas?.Value ?? [], CallCost = cost?.Value ?? 1 };
        spec.CheckNames(source, limits.Place);
        spec.CheckCost(source);
        return spec;
    }

    private void CheckNames(RouteSource source, Place place)
    {
        foreach (var same in All.GroupBy(l => l.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            source.Findings.Add(Rules.DuplicateKey, same.All(l => l.IsQuota) ? source.PlaceOf(QuotasKey) : place,
                $"two limits of route {source.Id} are named '{same.Key}'", "give one of them a 'name' of its own");
    }

    private void CheckCost(RouteSource source)
    {
        foreach (var limit in All)
            if (limit.CostOf(CallCost) > limit.Allow)
                source.Findings.Add(Rules.Contradiction, limit.Place,
                    $"a call of route {source.Id} costs {CallCost}, but '{limit.Name}' never allows more than {limit.Allow}",
                    "let the call cost less, or allow more");
        if (source.FindOwn(Cost) is { } own && !All.Any(l => l.CountsCost))
            source.Findings.Add(Rules.Unused, own.Place, $"nothing counts what a call of route {source.Id} costs",
                "write 'count: cost' in a limit or a quota, or leave 'cost' out");
    }

    private static Limit? ReadEntry(SectionReader reader)
    {
        var (allow, every, window, atOnce) = (reader.Find(AllowKey), reader.Find(EveryKey), reader.Find(WindowKey), reader.Find(AtOnceKey));
        if (reader.Has(AtOnceKey)) return ReadAtOnce(reader, atOnce);
        if (!reader.Has(AllowKey) || !reader.Has(EveryKey))
        {
            foreach (var key in (Key[])[AllowKey, EveryKey])
                if (!reader.Has(key))
                    reader.Findings.Add(Rules.MissingKey, reader.Place, $"a limit needs '{key.Name}'", $"{key.Name}: {key.Doc}");
            LimitKeys.Complete(reader, new Limit("", default, 1, default), ""); // for what there is to complain about
            return null;
        }

        var isWhole = every is not { } span || span.Value.Ticks % TimeSpan.TicksPerSecond == 0;
        if (!isWhole) reader.Complain(Rules.WrongType, EveryKey, $"'{Units.Write(every!.Value.Value)}' is not a whole number of seconds");
        var limit = LimitKeys.Complete(reader, new Limit("", default, allow?.Value ?? 1, every?.Value ?? default)
        {
            Form = window?.Value ?? LimitForm.Even,
            Place = allow?.Place ?? reader.Place,
        }, "");
        return allow is null || every is null || !isWhole || (window is null && reader.Has(WindowKey)) ? null : limit;
    }

    private static Limit? ReadAtOnce(SectionReader reader, Located<int>? atOnce)
    {
        var isAlone = true;
        foreach (var key in (Key[])[AllowKey, EveryKey, WindowKey, LimitKeys.CountKey])
        {
            if (!reader.Has(key)) continue;
            isAlone = false;
            reader.Complain(Rules.Contradiction, key, $"'{key.Name}' means nothing beside 'atOnce', which counts exchanges that are under way",
                "make two limits of it");
        }

        var limit = LimitKeys.Complete(reader, new Limit("", default, atOnce?.Value ?? 1, TimeSpan.Zero)
        {
            Form = LimitForm.AtOnce,
            Place = atOnce?.Place ?? reader.Place,
        }, "-at-once");
        return atOnce is null || !isAlone ? null : limit;
    }

    private static Limit? ReadBudget(SectionReader reader)
    {
        var (allow, period) = (reader.Find(BudgetKey), reader.Find(PeriodKey));
        var isDay = period is not { Value: LimitForm.Month };
        var limit = LimitKeys.Complete(reader, new Limit("", default, allow?.Value ?? 1, isDay ? TimeSpan.FromDays(1) : TimeSpan.Zero)
        {
            Form = isDay ? LimitForm.Day : LimitForm.Month,
            Place = allow?.Place ?? reader.Place,
        }, isDay ? "-day" : "-month");
        return allow is null || period is null ? null : limit;
    }
}
