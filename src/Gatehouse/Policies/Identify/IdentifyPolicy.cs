using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Tokens;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Identifies the caller by what it presents: an API key, a token, the connection's client certificate, or those that an entry of its consumer
/// names together. Without any it identifies nobody and leaves the decision to who authorises; what is presented has to be good, on anonymous
/// routes too. Every bad credential gets the same answer; the log has the reason. A good certificate that no consumer names identifies nobody: its
/// listener asks for one on every connection, whatever is called over it.
/// </summary>
/// <param name="forwardReason">Why the backend gets <c>Authorization</c>; null when it does not.</param>
internal sealed class IdentifyPolicy(CompileContext context, Challenge challenge, string? forwardReason) : Policy
{
    /// <summary>Seconds after which an issuer that is out of reach may be back.</summary>
    private const string RetryAfter = "5";

    private readonly IssuedKeys? _issued = IssuedOf(context);
    private readonly ApiKeyCheck _keys = new(context.Consumers, context.Pepper, context.Clock, IssuedOf(context));
    private readonly CallerSearch _callers = new(context.Consumers, context.Clock);
    private readonly TokenVerifier _tokens = context.Tokens;

    public override string Name => IdentifyKind.KindName;

    /// <summary>Why the client's <c>Authorization</c> is forwarded, or null when it is not.</summary>
    public string? ForwardReason => forwardReason;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (MisplacedCredentials.AreIn(exchange))
            return new(Verdict.Reject(Problems.CredentialMisplaced, "a credential stands where it would be logged"));
        var verdict = PresentedCredentials.Take(exchange, forwardReason is not null, out var presented);
        exchange.Presented = presented.Kinds;
        if (verdict.Kind != VerdictKind.Continue || presented.Kinds == CredentialKinds.None) return new(verdict);
        if (!_callers.CouldBeTogether(presented.Kinds))
            return new(Verdict.Reject(Problems.CredentialAmbiguous, CallerSearch.NotTogether));

        ApiKeyHolder? key = null;
        if (presented.Kinds.Have(CredentialKinds.ApiKey))
        {
            key = _keys.Find(presented.ApiKey, exchange.Connection, out var reason, out var guessed);
            exchange.GuessedKeyId = guessed;
            if (key is null)
                return new(Verdict.Reject(
                    ReferenceEquals(reason, IssuedKeys.Unavailable) ? Problems.IdentityUnavailable : Problems.Unauthenticated, reason));
        }

        if (!presented.Kinds.Have(CredentialKinds.Token)) return new(Conclude(exchange, new GoodCredentials(key, null, presented.Certificate)));
        var verifying = _tokens.VerifyAsync(Ask(exchange, presented));
        return verifying.IsCompletedSuccessfully
            ? new(Conclude(exchange, presented, key, verifying.Result))
            : AwaitAsync(verifying, exchange, presented, key);
    }

    public override void OnResponse(Exchange exchange)
    {
        challenge.Add(exchange);
        if (ReferenceEquals(exchange.Problem, Problems.IdentityUnavailable)) exchange.ResponseHeaders.RetryAfter = RetryAfter;
    }

    private async ValueTask<Verdict> AwaitAsync(
        ValueTask<TokenVerdict> verifying, Exchange exchange, PresentedCredentials presented, ApiKeyHolder? key) =>
        Conclude(exchange, presented, key, await verifying);

    private Verdict Conclude(Exchange exchange, in PresentedCredentials presented, ApiKeyHolder? key, in TokenVerdict verdict)
    {
        if (verdict.IsUnavailable) return Verdict.Reject(Problems.IdentityUnavailable, verdict.Reason);
        if (verdict.Token is not { } token) return Verdict.Reject(Problems.Unauthenticated, verdict.Reason);
        var conclusion = Conclude(exchange, new GoodCredentials(key, token, presented.Certificate));
        if (conclusion.Kind == VerdictKind.Continue) (exchange.PresentedToken, exchange.PresentedTokenEnds) = (presented.Token, token.Expires);
        return conclusion;
    }

    private static IssuedKeys? IssuedOf(CompileContext context) => context.Register is not { } register ? null
        : context.Shared(typeof(IssuedKeys), () => new IssuedKeys(context.Consumers, register, context.Clock));

    private Verdict Conclude(Exchange exchange, GoodCredentials good)
    {
        if (_issued?.Objection(good) is { } objection) return objection;
        exchange.Caller = _callers.Find(good, exchange.Client.Value, out var reason, out var ambiguous);
        if (good.Kinds == CredentialKinds.Certificate && ReferenceEquals(reason, CallerSearch.NobodysCertificate)) return Verdict.Continue;
        return exchange.Caller is not null ? Verdict.Continue
            : Verdict.Reject(ambiguous ? Problems.CredentialAmbiguous : Problems.Unauthenticated, reason);
    }

    /// <summary>A proof is bound to the request's target (RFC 9449 section 4.3); without one nobody asks for it.</summary>
    private static PresentedToken Ask(Exchange exchange, in PresentedCredentials presented) => new(
        presented.Scheme,
        presented.Token,
        presented.Certificate?.Thumbprint,
        presented.Proof,
        exchange.Method,
        presented.Proof is null ? "" : TargetOf(exchange));

    private static string TargetOf(Exchange exchange) =>
        $"{(exchange.Listener.Tls is null ? "http" : "https")}://{exchange.RequestHeaders.Host}{exchange.Path}";
}
