using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Body;

/// <summary>Bodies: how large a request may be, and whether it is complete before a backend sees it. Every route has it.</summary>
internal sealed class BodyKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "body";

    public override IReadOnlyList<Key> Keys => [BodySpec.Key];

    public override object? Read(RouteSource source) => BodySpec.Read(source);

    public override Policy? Compile(Route route, CompileContext context)
    {
        var spec = SpecOf<BodySpec>(route) ?? BodySpec.Default;
        var spool = context.State.Get(KindName, "spool", () => new Spool(Spool.Most, Path.GetTempPath(), context.Clock, context.Events));
        var rules = new BodyRules(spec.Max.Bytes, spec.IsWhole(route.Effect))
        {
            Upgrades = route.Upgrade is not null,
            MayPause = spec.Streams,
            Json = spec.Json ?? JsonLimits.Usual,
            Codings = spec.Codings,
            Expanded = spec.Expanded?.Value.Bytes ?? 0,
        };
        return context.Shared((KindName, rules), () => new BodyPolicy(rules, spool, context.Clock));
    }
}
