using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Adapt;

/// <summary>Adaptation: what is changed between client and backend. Every route has it.</summary>
internal sealed class AdaptKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "adapt";

    public override IReadOnlyList<Key> Keys => AdaptSpec.Keys;

    public override object? Read(RouteSource source) => AdaptSpec.Read(source);

    public override void Check(Route route, Findings findings) => SpecOf<AdaptSpec>(route)?.Check(route, findings);

    public override Policy? Compile(Route route, CompileContext context)
    {
        var personal = route.PersonalData != PersonalData.None;
        return SpecOf<AdaptSpec>(route) is { } spec
            ? new AdaptPolicy(spec, personal) : context.Shared((KindName, personal), () => new AdaptPolicy(null, personal));
    }
}
