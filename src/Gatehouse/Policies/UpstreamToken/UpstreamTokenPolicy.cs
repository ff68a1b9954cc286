using Gatehouse.Pipeline;
using Gatehouse.Services;

namespace Gatehouse.Policies.UpstreamToken;

/// <summary>Puts the upstream's own token in the place of whatever the caller has sent, or refuses the call.</summary>
/// <param name="clientWhenNone">Whether a caller without a token gets the gateway's own.</param>
internal sealed class UpstreamTokenPolicy(TokenExchangeClient tokens, bool clientWhenNone) : Policy
{
    public override string Name => UpstreamTokenKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        exchange.RequestHeaders.Authorization = default;
        if (exchange.PresentedToken is null && !clientWhenNone)
            return new(Verdict.Reject(Problems.Unauthenticated, "no token that could be exchanged for the upstream's"));
        var getting = tokens.GetAsync(exchange.PresentedToken, exchange.Http.RequestAborted);
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
