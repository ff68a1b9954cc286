using Gatehouse.Consumers;

namespace Gatehouse.Tokens;

/// <summary>Verifies the tokens of one issuer, as one snapshot's declaration has it.</summary>
/// <param name="keys">Null when the issuer is asked about each token.</param>
/// <param name="introspector">Null when its keys say enough.</param>
internal sealed class IssuerVerifier(
    Issuer issuer, IssuerKeys? keys, Introspector? introspector, TokenMemory memory, PossessionProof proofs, TimeProvider clock)
{
    private const string NoKeys = "token: the issuer's keys are out of reach";

    private readonly RevokedTokens _revoked = new(issuer.Revoked);

    public Issuer Issuer { get; } = issuer;

    /// <summary>Whether the issuer says of each token what it is.</summary>
    public bool IsAsked => introspector is not null;

    /// <summary>Whether the issuer's keys are there, or could not be had; an issuer that is asked needs none.</summary>
    /// <param name="areThere">Whether they are there.</param>
    public bool KeysWereAskedFor(out bool areThere)
    {
        areThere = true;
        return keys is null || keys.WereAskedFor(out areThere);
    }

    /// <summary>Judges a token that was found good before. False when it was not, or when that says nothing any more. Allocates nothing.</summary>
    public bool TryRecall(in TokenDigest digest, in PresentedToken presented, DateTimeOffset now, out TokenVerdict verdict)
    {
        verdict = default;
        if (memory.Find(digest) is not { } known || known.Until <= now.ToUnixTimeSeconds()) return false;
        if (keys is not null && keys.Usable() is null) return false; // too old, and worth another try, which the call waits for
        if (known.Key is { IsGone: true }) return false; // after the keys: they may have been replaced in this moment
        verdict = Present(known, presented, now);
        return true;
    }

    /// <summary>Whether the token was found good, and to present it again costs no signature and no question.</summary>
    public bool Remembers(in TokenDigest digest, DateTimeOffset now) =>
        memory.Find(digest) is { Key: not { IsGone: true }, Token.KeyThumbprint: null } known && known.Until > now.ToUnixTimeSeconds();

    /// <summary>Verifies a token that is signed.</summary>
    public async ValueTask<TokenVerdict> VerifyAsync(TokenText text, TokenPayload payload, TokenDigest digest, PresentedToken presented)
    {
        var now = clock.GetUtcNow();
        if (!SigningAlgorithms.TryRead(text.Header.Algorithm, out var algorithm) || !Takes(algorithm))
            return TokenVerdict.Refuse("token: algorithm not taken");
        if (ClaimCheck.Judge(Issuer, payload, text.Header.Type, now) is { } reason) return TokenVerdict.Refuse(reason);
        var set = keys!.Usable();
        if (set is null)
        {
            await keys.FetchAsync(forUnknown: false);
            set = keys.Usable();
            if (set is null) return TokenVerdict.Unavailable(NoKeys);
        }

        if (text.Header.KeyId is { } id && !set.Knows(id))
        {
            await keys.FetchAsync(forUnknown: true);
            set = keys.Usable() ?? set;
        }

        if (set.Find(text.Header.KeyId, algorithm) is not { } key)
            return TokenVerdict.Refuse(text.Header.KeyId is null ? "token: no 'kid', and no only key" : "token: unknown key");
        if (!await IsSignedAsync(key, algorithm, text)) return TokenVerdict.Refuse("token: signature");
        var remembered = new RememberedToken(Make(payload, TokenDigest.Of(text.Signed)), key, payload.Expires!.Value);
        if (remembered.Until > now.ToUnixTimeSeconds()) memory.Remember(digest, remembered);
        return Present(remembered, presented, clock.GetUtcNow());
    }

    /// <summary>Asks the issuer about a token.</summary>
    public async ValueTask<TokenVerdict> AskAsync(TokenDigest digest, PresentedToken presented)
    {
        var answer = await introspector!.AskAsync(presented.Text, digest);
        if (answer.IsUnavailable) return TokenVerdict.Unavailable(answer.Reason);
        if (answer.Payload is not { } payload) return TokenVerdict.Refuse(answer.Reason);
        var now = clock.GetUtcNow();
        if (ClaimCheck.JudgeAnswer(Issuer, payload, now) is { } reason) return TokenVerdict.Refuse(reason);
        var until = Math.Min((now + Issuer.Introspection!.Remember).ToUnixTimeSeconds(), payload.Expires ?? long.MaxValue);
        var remembered = new RememberedToken(Make(payload, TokenDigest.OfWhatIsSigned(presented.Text)), null, until);
        if (until > now.ToUnixTimeSeconds()) memory.Remember(digest, remembered);
        return Present(remembered, presented, now);
    }

    /// <summary>
    /// Verifies a signature behind what is waiting already, so that under load those of several exchanges follow one another, and what an exchange
    /// runs through besides does too: in turn, each throws the other's code out of the processor's caches (decision 0038).
    /// </summary>
    private static async ValueTask<bool> IsSignedAsync(SigningKey key, SigningAlgorithm algorithm, TokenText text)
    {
        await Task.Yield();
        var isSigned = key.Verify(algorithm, text.Signed, text.Signature);
        await Task.Yield();
        return isSigned;
    }

    /// <summary>What has to hold each time that a good token is presented, remembered or not.</summary>
    private TokenVerdict Present(RememberedToken remembered, in PresentedToken presented, DateTimeOffset now)
    {
        var token = remembered.Token;
        if (_revoked.Have(token)) return TokenVerdict.Refuse("token: revoked");
        if (token.CertificateThumbprint is { } certificate
            && !string.Equals(certificate, presented.CertificateThumbprint, StringComparison.Ordinal))
            return TokenVerdict.Refuse("token: bound to another client certificate");
        if (token.KeyThumbprint is null)
            return presented.Scheme == TokenScheme.Bearer ? TokenVerdict.Good(token) : TokenVerdict.Refuse("token: DPoP, but not bound to a key");
        return presented.Scheme == TokenScheme.Dpop
            ? proofs.Check(presented, remembered, now, Issuer.Skew) : TokenVerdict.Refuse("token: bound to a key, but presented as Bearer");
    }

    private bool Takes(SigningAlgorithm algorithm)
    {
        foreach (var own in Issuer.Algorithms)
            if (own == algorithm) return true;
        return false;
    }

    private VerifiedToken Make(TokenPayload payload, TokenDigest id) => new()
    {
        Issuer = Issuer.Name,
        ClientId = ClaimCheck.ClientOf(Issuer, payload),
        Subject = payload.Subject,
        IsOfProgram = Issuer.Programs.Count > 0 && ClaimCondition.AllHold(Issuer.Programs, payload.Claims),
        Scopes = payload.Scopes,
        Actors = payload.Actors,
        Claims = payload.Claims,
        Expires = payload.Expires is { } expires ? DateTimeOffset.FromUnixTimeSeconds(expires) + Issuer.Skew : null,
        Id = id.ToString(),
        IsBoundToCertificate = payload.CertificateThumbprint is not null,
        CertificateThumbprint = payload.CertificateThumbprint,
        KeyThumbprint = payload.KeyThumbprint,
        TokenId = payload.TokenId,
    };
}
