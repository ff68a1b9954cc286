using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Limits;

/// <summary>Whose calls one limit counts together.</summary>
internal enum Per
{
    Person,
    Consumer,
    Credential,
    Address,
    Route,
    Api,
    All,
}

/// <summary>Who counts the calls of a limit.</summary>
internal enum Sharing
{
    /// <summary>Each instance by itself.</summary>
    Local,

    /// <summary>All instances together; each takes small batches ahead of their use.</summary>
    Leased,

    /// <summary>All instances together, call by call.</summary>
    Exact,
}

/// <summary>One limit: <paramref name="Allow"/> calls at once, and that many in every window.</summary>
/// <param name="Every">The window: whole seconds, because <c>RateLimit-Policy</c> can say nothing finer.</param>
internal sealed record Limit(string Name, Per Per, int Allow, TimeSpan Every)
{
    /// <summary>Where <see cref="Allow"/> is written.</summary>
    public Place Place { get; init; }

    /// <summary>Who counts, where that is written; otherwise all instances where they have a store, with leases.</summary>
    public Sharing? Shared { get; init; }

    /// <summary>Where <see cref="Shared"/> is written.</summary>
    public Place? SharedPlace { get; init; }
}

/// <summary>What a route says about limits: at least one.</summary>
internal sealed record LimitsSpec(IReadOnlyList<Limit> Limits)
{
    public const int MostPerRoute = 8;

    private static readonly (string Word, Per Value)[] Words =
    [
        ("person", Per.Person), ("consumer", Per.Consumer), ("credential", Per.Credential), ("address", Per.Address), ("route", Per.Route),
        ("api", Per.Api), ("all", Per.All),
    ];

    private static readonly Key<Per> PerKey = new("per", new PerShape(),
        "Whose calls are counted together. A caller that speaks for no person counts as its consumer, one without a credential as its address, an "
        + "IPv6 one with its whole /64.")
    {
        Required = true,
    };

    private static readonly Key<int> AllowKey = new("allow", Shapes.Whole(1, 10_000_000), "How many calls are allowed at once, and in every window.")
    {
        Required = true,
    };

    private static readonly Key<TimeSpan> EveryKey = new("every", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(31)),
        "The window, in whole seconds. What was used comes back evenly in this time.")
    {
        Required = true,
    };

    private static readonly Key<string> NameKey = new("name", Shapes.Name(),
        "The limit's name as clients see it; without one it is the word of 'per'.");

    private static readonly Key<Sharing> SharedKey = new("shared",
        Shapes.OneOf(("leased", Sharing.Leased), ("exact", Sharing.Exact), ("local", Sharing.Local)),
        "Who counts: all instances together by small batches (leased) or call by call (exact), or each by itself (local). Leased unless written, "
        + "where 'stores' has a redis; local where it has none.");

    private static readonly Key<string> WindowKey = new("window", Shapes.Text(), "How the window moves.")
    {
        NotYet = "without it the calls come back evenly",
    };

    private static readonly Key<string> DistinctKey = new("distinct", Shapes.Text(), "What is counted once.") { NotYet = "limits count calls" };

    private static readonly Section<Limit> Entry = new("a limit", [PerKey, AllowKey, EveryKey, NameKey, SharedKey, WindowKey, DistinctKey], ReadEntry);

    public static Key<IReadOnlyList<Limit>> Key { get; } = new("limits", Shapes.List(Entry, 1, MostPerRoute),
        "How often the route may be called. Several limits hold at once.");

    /// <summary>The word that stands for whose calls are counted together.</summary>
    public static string Word(Per per) => Words.First(w => w.Value == per).Word;

    public static LimitsSpec? Read(RouteSource source)
    {
        if (!source.Has(Key))
        {
            source.Findings.Add(Rules.NoLimit, source.Place, $"route {source.Id} has no limit",
                "write for example: limits: [ { per: consumer, allow: 60, every: 1m } ]");
            return null;
        }

        if (source.Find(Key) is not { } limits) return null;
        foreach (var same in limits.Value.GroupBy(l => l.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            source.Findings.Add(Rules.DuplicateKey, limits.Place, $"two limits of route {source.Id} are named '{same.Key}'",
                "give one of them a 'name' of its own");
        return new LimitsSpec(limits.Value);
    }

    private static Limit? ReadEntry(SectionReader reader)
    {
        var per = reader.Find(PerKey);
        var allow = reader.Find(AllowKey);
        var every = reader.Find(EveryKey);
        var name = reader.Find(NameKey);
        var shared = reader.Find(SharedKey);
        if (every is { } window && window.Value.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            reader.Complain(Rules.WrongType, EveryKey, $"'{Units.Write(window.Value)}' is not a whole number of seconds");
            return null;
        }

        if (per is null || allow is null || every is null || (name is null && reader.Has(NameKey)) || (shared is null && reader.Has(SharedKey))) return null;
        return new Limit(name?.Value ?? Word(per.Value.Value), per.Value.Value, allow.Value.Value, every.Value.Value)
        {
            Place = allow.Value.Place,
            Shared = shared?.Value,
            SharedPlace = shared?.Place,
        };
    }

    /// <summary>The words that can be enforced; those that are promised are told apart from mistakes.</summary>
    private sealed class PerShape : Shape<Per>
    {
        private readonly Shape<Per> _words = Shapes.OneOf(Words);

        public override bool TryRead(Node node, Findings findings, out Per value)
        {
            if (node is not ScalarNode { Text: "assistant" } coming) return _words.TryRead(node, findings, out value);
            value = default;
            findings.Add(Rules.NotYetEnforced, node.Place, $"a limit per {coming.Text} is not yet enforced",
                "count per consumer, credential or address until it is");
            return false;
        }

        public override JsonObject ToSchema(SchemaWriter schema) => _words.ToSchema(schema);
    }
}
