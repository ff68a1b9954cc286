using Gatehouse.Telemetry;

namespace Gatehouse.Tokens;

/// <summary>
/// Verifies tokens against the issuers of the declaration: strictly read, of a declared issuer, for a declared audience, within its times, signed
/// with a key and an algorithm that the issuer's entry names. A token that was found good is recognised by its digest until it ends or its key
/// goes; what it is bound to is checked each time.
/// </summary>
internal sealed class TokenVerifier
{
    private readonly IssuerVerifier[] _issuers;
    private readonly IssuerVerifier? _asked;
    private readonly HeaderMemory _headers = new();
    private readonly ClockWatch? _watch;
    private readonly TimeProvider _clock;

    /// <summary>A verifier for which no token is good.</summary>
    public TokenVerifier()
        : this([], null, TimeProvider.System)
    {
    }

    private TokenVerifier(IssuerVerifier[] issuers, ClockWatch? watch, TimeProvider clock)
    {
        (_issuers, _watch, _clock) = (issuers, watch, clock);
        _asked = Array.Find(issuers, i => i.IsAsked);
    }

    /// <summary>Where what outlives a verifier is kept: what there is of this kind and identity, or a new one.</summary>
    public delegate object Keep(string kind, string identity, Func<object> create);

    /// <summary>The verifier for these issuers, with the keys and the tokens of the verifier before it where an issuer is the same.</summary>
    /// <param name="events">Null where nobody reads them.</param>
    public static TokenVerifier For(IReadOnlyList<Issuer> issuers, Keep keep, TimeProvider clock, EventWriter? events, GatehouseMeter meter)
    {
        var watch = (ClockWatch)keep("clock watch", "", () => new ClockWatch(clock, events));
        if (issuers.Count == 0) return new TokenVerifier([], watch, clock);
        var proofs = new PossessionProof((ProofMemory)keep("used proofs", "", static () => new ProofMemory()));
        var verifiers = new IssuerVerifier[issuers.Count];
        for (var i = 0; i < verifiers.Length; i++)
        {
            var issuer = issuers[i];
            var keys = issuer.Keys is null
                ? null : (IssuerKeys)keep("issuer keys", issuer.KeysIdentity, () => new IssuerKeys(issuer, clock, events, meter));
            var introspector = issuer.Introspection is null
                ? null : (Introspector)keep("introspector", issuer.Identity, () => new Introspector(issuer, clock));
            var memory = (TokenMemory)keep("issuer tokens", issuer.Identity, static () => new TokenMemory());
            verifiers[i] = new IssuerVerifier(issuer, keys, introspector, memory, proofs, clock);
        }

        return new TokenVerifier(verifiers, watch, clock);
    }

    /// <summary>Whether every token of the issuer of this name has to come with a proof of possession (RFC 9449).</summary>
    public bool AsksForProof(string issuer) =>
        Array.Exists(_issuers, i => i.Issuer.Bound == TokenBond.Dpop && string.Equals(i.Issuer.Name, issuer, StringComparison.Ordinal));

    /// <summary>
    /// Whether tokens can be judged: every issuer's keys are there, or could not be had at the first attempt, which this begins. Never waits.
    /// </summary>
    /// <param name="without">The issuers whose keys are not there.</param>
    public bool IsPrepared(out IReadOnlyList<string> without)
    {
        var (prepared, missing) = (true, new List<string>());
        foreach (var issuer in _issuers)
        {
            prepared &= issuer.KeysWereAskedFor(out var areThere);
            if (!areThere) missing.Add(issuer.Issuer.Name);
        }

        without = missing;
        return prepared;
    }

    /// <summary>Whether the clock can be believed: while it cannot, no token is judged.</summary>
    public bool ClockIsInStep => _watch is not { IsInStep: false };

    /// <summary>
    /// Verifies one token. Completes synchronously for one that is refused for what it says, and for one that was found good before, unless nobody
    /// has asked its issuer for long which keys it has.
    /// </summary>
    public ValueTask<TokenVerdict> VerifyAsync(in PresentedToken presented)
    {
        var text = presented.Text;
        if (_issuers.Length == 0) return new(TokenVerdict.Refuse("token: no issuer is declared"));
        if (!ClockIsInStep) return new(TokenVerdict.Unavailable("token: the clock is out of step"));
        if (text.Length == 0) return new(TokenVerdict.Refuse("token: empty"));
        if (!TokenDigest.TryOf(text, out var digest)) return new(TokenVerdict.Refuse("token: longer than 8 KiB, or not ASCII"));
        var now = _clock.GetUtcNow();
        foreach (var issuer in _issuers)
            if (issuer.TryRecall(digest, presented, now, out var verdict)) return new(verdict);
        return VerifyNewAsync(presented, digest);
    }

    /// <summary>
    /// Whether a token was found good before and need not be verified anew: no more than a digest is made to know. Not one that is bound to a key,
    /// whose proof is verified each time.
    /// </summary>
    public bool Remembers(string text)
    {
        if (_issuers.Length == 0 || text.Length == 0 || !TokenDigest.TryOf(text, out var digest)) return false;
        var now = _clock.GetUtcNow();
        foreach (var issuer in _issuers)
            if (issuer.Remembers(digest, now)) return true;
        return false;
    }

    private async ValueTask<TokenVerdict> VerifyNewAsync(PresentedToken presented, TokenDigest digest)
    {
        using var token = TokenText.TryRead(presented.Text, _headers, out var reason);
        if (token is null)
            return _asked is not null && !HasThreeParts(presented.Text) && Introspector.CanBe(presented.Text)
                ? await _asked.AskAsync(digest, presented) : TokenVerdict.Refuse(reason);
        if (TokenPayload.TryRead(token.Payload, token.PayloadJson, out reason) is not { } payload) return TokenVerdict.Refuse(reason);
        if (payload.Issuer is null) return TokenVerdict.Refuse("token: no 'iss'");
        foreach (var issuer in _issuers)
        {
            if (!string.Equals(issuer.Issuer.Identifier, payload.Issuer, StringComparison.Ordinal)) continue;
            return issuer.IsAsked
                ? await issuer.AskAsync(digest, presented) : await issuer.VerifyAsync(token, payload, digest, presented);
        }

        return TokenVerdict.Refuse("token: of no declared issuer");
    }

    private static bool HasThreeParts(string text) => text.AsSpan().Count('.') == 2;
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
