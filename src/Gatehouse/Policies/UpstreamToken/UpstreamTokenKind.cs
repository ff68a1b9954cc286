using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Services;

namespace Gatehouse.Policies.UpstreamToken;

/// <summary>Routes whose upstream declares <c>token</c> have it.</summary>
internal sealed class UpstreamTokenKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "upstream-token";

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (!context.TokenExchanges.TryGetValue(route.Upstream, out var exchange)) return null;
        return context.Shared((KindName, route.Upstream), () => new UpstreamTokenPolicy(
            context.State.Get(KindName, exchange.Identity, () => new TokenExchangeClient(exchange, context.Clock)), exchange.ClientWhenNone));
    }
}
