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
        var spool = context.State.Get(KindName, "spool", static () => new Spool(Spool.Most, Path.GetTempPath()));
        var whole = route.Effect != Effect.Read && !spec.Streams;
        var upgrades = route.Upgrade is not null;
        return context.Shared((KindName, spec.Max.Bytes, whole, upgrades), () => new BodyPolicy(spec.Max.Bytes, whole, upgrades, spool));
    }
}
