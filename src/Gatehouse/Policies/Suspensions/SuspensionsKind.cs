using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Suspensions;

/// <summary>Every route has it where the declaration has a register; without one nothing can be suspended, and nobody is asked.</summary>
internal sealed class SuspensionsKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "suspensions";

    public override Policy? Compile(Route route, CompileContext context) => context.Register is not { } register ? null
        : context.Shared(KindName, () => new SuspensionsPolicy(register, context.Clock));
}
