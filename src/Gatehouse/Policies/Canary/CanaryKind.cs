using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Canary;

/// <summary>Routes that send a part of their calls to a second upstream have it.</summary>
internal sealed class CanaryKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "canary";

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (route.Canary is not { } canary) return null;
        // routes with the same two upstreams and the same rules are one canary: what one of them sees holds for all
        return context.Shared((KindName, route.Upstream, canary), () => new CanaryPolicy(
            canary,
            route.Upstream,
            new CanaryWatch(canary, context.Clock, context.Meter, context.Events),
            canary.Sticky == Stickiness.None ? null : new StickyDraw(canary, $"{context.Gateway} {route.Upstream} {canary.Upstream}"),
            Random.Shared));
    }
}
