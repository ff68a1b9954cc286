using System.CommandLine;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Inventory;
using Gatehouse.Routes;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands.Inventory;

/// <summary>The options that narrow the inventory. A name that nothing has is wrong use: an empty list would look like an answer.</summary>
internal sealed class FilterOptions
{
    private readonly WordOption<Exposure> _exposure = new(
        "--exposure",
        "Routes that are meant for these",
        Enum.GetValues<Exposure>(),
        DecisionShapes.Word);
    private readonly WordOption<Effect> _effect = new("--effect", "Routes of which a call does this", Enum.GetValues<Effect>(), DecisionShapes.Word);

    private readonly WordOption<PersonalData> _personalData = new("--personal-data", "Routes that touch data about people, or exactly these",
        Enum.GetValues<PersonalData>(), DecisionShapes.Word, [PersonalData.Ordinary, PersonalData.Special]);

    private readonly WordOption<LifecycleStage> _lifecycle = new(
        "--lifecycle",
        "Routes that stand here",
        Enum.GetValues<LifecycleStage>(),
        InventoryColumns.Text);
    private readonly Option<string[]> _api = Names("--api", "Routes of these apis.");
    private readonly Option<string[]> _owner = Names("--owner", "Routes that these answer for.");
    private readonly Option<string[]> _consumer = Names("--consumer", "Routes that let one of these consumers through; what anybody may call counts.");
    private readonly Option<string[]> _listener = Names("--listener", "Routes that one of these listeners serves.");
    private readonly Option<string[]> _upstream = Names("--upstream", "Routes that one of these upstreams answers.");
    private readonly Option<bool> _anonymous = new("--anonymous") { Description = "Routes that anybody may call." };
    private readonly Option<bool> _waived = new("--waived") { Description = "Routes with a rule set aside." };
    private readonly Option<bool> _reviewDue = new("--review-due") { Description = "Routes whose review is due." };

    public IEnumerable<Option> All =>
        [
            _exposure.Option, _effect.Option, _personalData.Option, _lifecycle.Option,
            _api, _owner, _consumer, _listener, _upstream, _anonymous, _waived, _reviewDue,
        ];

    public InventoryFilter Of(ParseResult parsed) => new()
    {
        Exposures = _exposure.Of(parsed),
        Effects = _effect.Of(parsed),
        PersonalData = _personalData.Of(parsed),
        Stages = _lifecycle.Of(parsed),
        Apis = parsed.GetValue(_api) ?? [],
        Owners = parsed.GetValue(_owner) ?? [],
        Consumers = parsed.GetValue(_consumer) ?? [],
        Listeners = parsed.GetValue(_listener) ?? [],
        Upstreams = parsed.GetValue(_upstream) ?? [],
        Anonymous = parsed.GetValue(_anonymous),
        Waived = parsed.GetValue(_waived),
        ReviewDue = parsed.GetValue(_reviewDue),
    };

    /// <summary>The first name that nothing has, in words; or null.</summary>
    public string? Fault(ParseResult parsed, GatewaySnapshot snapshot)
    {
        var definition = snapshot.Definition;
        return Fault(parsed, _api, "api", definition.Routes.Select(r => r.Id.Value[..r.Id.Value.IndexOf('/', StringComparison.Ordinal)]))
            ?? Fault(parsed, _owner, "owner of a route", definition.Routes.Select(r => r.Owner))
            ?? Fault(parsed, _consumer, "consumer", definition.Consumers.All.Select(c => c.Id.Value))
            ?? Fault(parsed, _listener, "listener", definition.Listeners.Select(l => l.Name))
            ?? Fault(parsed, _upstream, "upstream", definition.Upstreams.Keys);
    }

    private static string? Fault(ParseResult parsed, Option<string[]> option, string what, IEnumerable<string> known)
    {
        if (parsed.GetValue(option) is not { Length: > 0 } asked) return null;
        var names = known.ToHashSet(StringComparer.Ordinal);
        var unknown = asked.FirstOrDefault(a => !names.Contains(a));
        return unknown is null
            ? null
            : $"There is no {what} '{Show.Bounded(unknown)}'; {Nearest.Hint(unknown, names) ?? "nothing like it is declared"}";
    }

    private static Option<string[]> Names(string name, string description) => CommaOption.Create(name, description, "NAMES", _ => null);

    /// <summary>An option whose words stand for values.</summary>
    private sealed class WordOption<T>(string name, string description, IReadOnlyList<T> values, Func<T, string> word, T[]? otherwise = null)
    {
        public Option<string[]> Option { get; } = CommaOption.OfWords(name, description, [.. values.Select(word)], otherwise?.Select(word).ToArray());

        public IReadOnlyCollection<T> Of(ParseResult parsed) => [.. (parsed.GetValue(Option) ?? []).Select(w => values.First(v => word(v) == w))];
    }
}
