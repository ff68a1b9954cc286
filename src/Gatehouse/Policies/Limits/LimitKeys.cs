using System.Text.Json.Nodes;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Limits;

/// <summary>The keys that limits and quotas have in common.</summary>
internal static class LimitKeys
{
    private static readonly (string Word, Per Value)[] Words =
    [
        ("person", Per.Person), ("consumer", Per.Consumer), ("credential", Per.Credential), ("address", Per.Address), ("route", Per.Route),
        ("api", Per.Api), ("all", Per.All),
    ];

    public static readonly Key<Per> PerKey = new("per", new PerShape(),
        "Whose calls are counted together. A caller that speaks for no person counts as its consumer, one without a credential as its address, an "
        + "IPv6 one with its whole /64.")
    {
        Required = true,
    };

    public static readonly Key<Across> AcrossKey = new("across",
        Shapes.OneOf(("route", Across.Route), ("api", Across.Api), ("all", Across.All)),
        "Over which routes one caller's calls are counted together: the route, its api, or all; route unless written. Limits that count together "
        + "have one name.");

    public static readonly Key<bool> CountKey = new("count", Shapes.OneOf(("calls", false), ("cost", true)),
        "What is counted: calls, or what their routes say that they cost; calls unless written.");

    public static readonly Key<bool> ReportKey = new("report", Shapes.OneOf(("only", true)),
        "With 'only', what it would refuse is counted and logged, and passes.");

    public static readonly Key<string> NameKey = new("name", Shapes.Name(),
        "The limit's name as clients see it; without one it is the word of 'per', with what it counts where that is no window.");

    /// <summary>The word that stands for whose calls are counted together.</summary>
    public static string Word(Per per) => Words.First(w => w.Value == per).Word;

    /// <summary>The word that stands for the routes over which they are.</summary>
    public static string Word(Across across) => across switch
    {
        Across.Route => "route",
        Across.Api => "api",
        Across.All => "all",
    };

    /// <summary>What both say alike, put into a limit of which the rest is known; null when something could not be read.</summary>
    /// <param name="suffix">What its name ends in where it has none of its own.</param>
    public static Limit? Complete(SectionReader reader, Limit limit, string suffix)
    {
        var (per, across, count, report) = (reader.Find(PerKey), reader.Find(AcrossKey), reader.Find(CountKey), reader.Find(ReportKey));
        var name = reader.Find(NameKey); // each is read before anything else, so that each is complained about
        if (per is null || Fails(AcrossKey, across) || Fails(CountKey, count) || Fails(ReportKey, report) || Fails(NameKey, name)) return null;
        if (across is { Value: not Across.Route } over && PartitionKey.IsEverybody(per.Value.Value))
        {
            reader.Complain(Rules.Contradiction, AcrossKey,
                $"'across: {Word(over.Value)}' is for a caller's calls, and 'per: {Word(per.Value.Value)}' counts everybody's",
                "per: api or per: all says already over what is counted");
            return null;
        }

        return limit with
        {
            Name = name?.Value ?? Word(per.Value.Value) + suffix,
            Per = per.Value.Value,
            Across = across?.Value ?? Across.Route,
            CountsCost = count?.Value ?? false,
            ReportOnly = report?.Value ?? false,
        };

        bool Fails<T>(Key key, Located<T>? found) => found is null && reader.Has(key);
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
