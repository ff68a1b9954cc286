using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Services;

namespace Gatehouse.Policies.UpstreamToken;

/// <summary>Routes whose upstream, or whose canary, declares <c>token</c> have it.</summary>
internal sealed class UpstreamTokenKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "upstream-token";

    public override Policy? Compile(Route route, CompileContext context)
    {
        var main = SourceFor(route.Upstream, context);
        var canary = route.Canary is { } second ? SourceFor(second.Upstream, context) : main;
        return main is null && canary is null
            ? null
            : context.Shared((KindName, route.Upstream, route.Canary?.Upstream), () => new UpstreamTokenPolicy(main, canary));
    }

    private static TokenSource? SourceFor(string upstream, CompileContext context) =>
        context.TokenExchanges.TryGetValue(upstream, out var exchange)
            ? new TokenSource(
                context.State.Get(KindName, exchange.Identity, () => new TokenExchangeClient(exchange, context.Clock)), exchange.ClientWhenNone)
            : null;
}
