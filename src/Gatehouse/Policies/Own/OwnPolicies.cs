using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Own;

/// <summary>What a route says under <c>policies</c>: the settings by the kind's name.</summary>
internal sealed record OwnSpec(IReadOnlyDictionary<string, PolicySettings> Settings);

/// <summary>
/// Reads the key <c>policies</c> for all kinds that the host brings along. Nothing is enforced here: each kind has a place of its own after
/// this one.
/// </summary>
internal sealed class OwnPoliciesKind : RoutePolicyKind
{
    public const string KindName = "policies";

    private readonly IReadOnlyList<PolicyKind> _kinds;
    private readonly Key<OwnSpec> _key;

    public OwnPoliciesKind(IReadOnlyList<PolicyKind> kinds)
        : base(KindName)
    {
        _kinds = kinds;
        Key<PolicySettings>[] keys = [.. kinds.Select(k => new Key<PolicySettings>(k.Name, ShapeOf(k), k.Doc))];
        _key = new Key<OwnSpec>(
            KindName,
            new Section<OwnSpec>("policies", keys, reader => ReadAll(reader, keys)),
            "Policies that this host brings along.");
    }

    public override IReadOnlyList<Key> Keys => [_key];

    public override object? Read(RouteSource source) => source.Find(_key)?.Value;

    public override void Check(Route route, Findings findings)
    {
        if (SpecOf<OwnSpec>(route) is not { } spec) return;
        foreach (var kind in _kinds)
        {
            if (spec.Settings.TryGetValue(kind.Name, out var settings) && kind.ObjectionTo(settings) is { } objection)
                findings.Add(Rules.Contradiction, route.Place, $"the policy {kind.Name} of route {route.Id} cannot be enforced: {objection}");
        }
    }

    public override Policy? Compile(Route route, CompileContext context) => null;

    private static Section<PolicySettings> ShapeOf(PolicyKind kind)
    {
        var settings = kind.Settings;
        return new Section<PolicySettings>("the policy " + kind.Name, [.. settings.Select(s => s.Key)], reader => Read(reader, settings));
    }

    private static OwnSpec ReadAll(SectionReader reader, Key<PolicySettings>[] keys)
    {
        var settings = new Dictionary<string, PolicySettings>(StringComparer.Ordinal);
        foreach (var key in keys)
            if (reader.Get(key) is { } read) settings[key.Name] = read;
        return new OwnSpec(settings);
    }

    private static PolicySettings Read(SectionReader reader, IReadOnlyList<PolicySetting> settings)
    {
        var values = new Dictionary<PolicySetting, object>(ReferenceEqualityComparer.Instance);
        foreach (var setting in settings)
            if (setting.Read(reader) is { } value) values[setting] = value;
        return new PolicySettings(values);
    }
}

/// <summary>One kind that the host brings along, in the catalogue.</summary>
internal sealed class OwnPolicyKind(PolicyKind kind) : RoutePolicyKind("custom/" + kind.Name)
{
    public override Policy? Compile(Route route, CompileContext context) =>
        route.Specs.GetValueOrDefault(OwnPoliciesKind.KindName) is OwnSpec spec && spec.Settings.TryGetValue(kind.Name, out var settings)
            ? kind.Compile(settings, context.Clock) ?? throw new InvalidOperationException($"'{kind.Name}' has made no policy for {route.Id}")
            : null;
}
