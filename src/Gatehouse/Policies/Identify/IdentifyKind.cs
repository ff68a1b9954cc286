using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Every route has it, anonymous ones too: a credential in the wrong place or a bad one is refused everywhere, and none reaches a backend unless
/// the route says why.
/// </summary>
internal sealed class IdentifyKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "identify";

    public override IReadOnlyList<Key> Keys => [IdentifySpec.ForwardKey];

    public override object? Read(RouteSource source) => IdentifySpec.Read(source);

    public override Policy Compile(Route route, CompileContext context)
    {
        var reason = SpecOf<IdentifySpec>(route)?.ForwardReason;
        var (sameness, challenge) = Challenge.For(route, context.Consumers, context.Tokens.AsksForProof);
        return context.Shared((KindName, sameness, reason), () => new IdentifyPolicy(context, challenge(), reason));
    }
}
