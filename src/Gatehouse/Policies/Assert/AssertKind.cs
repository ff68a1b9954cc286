using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Assert;

/// <summary>
/// Where the declaration has <c>assertions</c>, every route has it that does not say <c>assertion: { none: … }</c>, anonymous ones too.
/// </summary>
internal sealed class AssertKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "assert";

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (context.Assertions is not { } issuer || route.Assertion == AssertionUse.None) return null;
        var writer = new AssertionWriter(issuer, route);
        var canary = route.Canary is { } second ? new AssertionWriter(issuer, route, second.Upstream) : null;
        return route.Assertion == AssertionUse.PerRequest
            ? new AssertEachPolicy(writer, context.Clock, canary)
            : new AssertPolicy(writer, context.State.Get("assertions", "", static () => new AssertionTable()), context.Clock, canary);
    }
}
