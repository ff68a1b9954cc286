using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Lifecycle;

/// <summary>Routes that declare a <c>lifecycle</c> have it; the others are not asked.</summary>
internal sealed class LifecycleKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "lifecycle";

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (route.Lifecycle is not { } lifecycle) return null;
        SuccessorPath? successor = null;
        if (lifecycle.Successor is { } id && context.Routes.TryGetValue(id, out var next))
            SuccessorPath.TryCompile(route.Match, next.Match, out successor, out _);
        return new LifecyclePolicy(lifecycle, successor, context.Clock);
    }
}
