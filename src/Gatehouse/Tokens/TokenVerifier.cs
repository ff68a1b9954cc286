namespace Gatehouse.Tokens;

/// <summary>Verifies tokens against the issuers of the declaration.</summary>
internal sealed class TokenVerifier
{
    private readonly TokenVerdict _noIssuer = TokenVerdict.Refuse("token: no issuer is declared");

    /// <summary>Verifies one token. Completes synchronously except while keys are fetched.</summary>
    public ValueTask<TokenVerdict> VerifyAsync(in PresentedToken presented) =>
        new(presented.Text.Length == 0 ? TokenVerdict.Refuse("token: empty") : _noIssuer);
}

/// <summary>A token as a client presents it, with what has to go with it.</summary>
/// <param name="Scheme">The scheme of <c>Authorization</c>.</param>
/// <param name="Text">The token; never for a log.</param>
/// <param name="CertificateThumbprint"><c>x5t#S256</c> of the client certificate of the connection (RFC 8705); null without one.</param>
/// <param name="Proof">The one value of <c>DPoP</c> (RFC 9449); null without one.</param>
/// <param name="Method">The request's method, and its target as an absolute URI without query: what a proof is bound to.</param>
internal readonly record struct PresentedToken(
    TokenScheme Scheme, string Text, string? CertificateThumbprint, string? Proof, string Method, string Target);

internal enum TokenScheme
{
    Bearer,
    Dpop,
}

/// <summary>What became of a token: good, refused, or not to be judged now.</summary>
internal readonly record struct TokenVerdict
{
    /// <summary>What the token says, when it is good.</summary>
    public VerifiedToken? Token { get; private init; }

    /// <summary>Whether nobody can say at the moment, because the issuer's keys or its word are out of reach: not the client's fault.</summary>
    public bool IsUnavailable { get; private init; }

    /// <summary>Why the token is not good: a constant text for the log.</summary>
    public string? Reason { get; private init; }

    public static TokenVerdict Good(VerifiedToken token) => new() { Token = token };

    public static TokenVerdict Refuse(string reason) => new() { Reason = reason };

    public static TokenVerdict Unavailable(string reason) => new() { IsUnavailable = true, Reason = reason };
}
