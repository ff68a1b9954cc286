using Gatehouse.Pipeline;
using Gatehouse.Services;

namespace Gatehouse.Policies.UpstreamToken;

/// <summary>Where an upstream's tokens come from.</summary>
/// <param name="ClientWhenNone">Whether a caller without a token gets the gateway's own.</param>
internal sealed record TokenSource(TokenExchangeClient Tokens, bool ClientWhenNone);

/// <summary>Puts the upstream's own token in the place of whatever the caller has sent, or refuses the call.</summary>
/// <param name="main">Null where the route's upstream wants none.</param>
/// <param name="canary">Null where its canary wants none; the same as the other where there is no canary.</param>
internal sealed class UpstreamTokenPolicy(TokenSource? main, TokenSource? canary) : Policy
{
    public override string Name => UpstreamTokenKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if ((exchange.OnCanary ? canary : main) is not { } source) return new(Verdict.Continue);
        exchange.RequestHeaders.Authorization = default;
        if (exchange.PresentedToken is null && !source.ClientWhenNone)
            return new(Verdict.Reject(Problems.Unauthenticated, "no token that could be exchanged for the upstream's"));
        var getting = source.Tokens.GetAsync(exchange.PresentedToken, exchange.PresentedTokenEnds, exchange.Http.RequestAborted);
        return getting.IsCompletedSuccessfully ? new(Act(exchange, getting.Result)) : WaitAsync(exchange, getting);
    }

    private static async ValueTask<Verdict> WaitAsync(Exchange exchange, ValueTask<ExchangedToken> getting) => Act(exchange, await getting);

    private static Verdict Act(Exchange exchange, ExchangedToken token)
    {
        if (token.Authorization is null) return Verdict.Reject(Problems.IdentityUnavailable, token.Why);
        exchange.RequestHeaders.Authorization = token.Authorization;
        return Verdict.Continue;
    }
}
