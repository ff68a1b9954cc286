namespace Gatehouse.Tokens;

/// <summary>Judges what a token says against what its issuer's entry asks for. Every reason is a constant text for the log.</summary>
internal static class ClaimCheck
{
    /// <summary>Why the token is not taken, or null.</summary>
    /// <param name="type"><c>typ</c> of the header; null without one.</param>
    public static string? Judge(Issuer issuer, TokenPayload payload, string? type, DateTimeOffset now) =>
        JudgeKind(issuer, payload, type) ?? JudgeAudience(issuer, payload) ?? JudgeTimes(issuer, payload, now) ?? JudgeBond(issuer, payload);

    /// <summary>The answer of an issuer that was asked (RFC 7662 section 2.2): it may leave out who it is, and when the token ends.</summary>
    public static string? JudgeAnswer(Issuer issuer, TokenPayload payload, DateTimeOffset now)
    {
        if (payload.Issuer is { } said && !string.Equals(said, issuer.Identifier, StringComparison.Ordinal)) return "token: of another issuer";
        return JudgeAudience(issuer, payload)
            ?? (payload.Expires is null ? JudgeBeginning(issuer, payload, now) : JudgeTimes(issuer, payload, now))
            ?? JudgeBond(issuer, payload);
    }

    /// <summary>The client that the token was issued to.</summary>
    public static string? ClientOf(Issuer issuer, TokenPayload payload) =>
        issuer.ClientClaim is { } claim ? payload.TextOf(claim) : payload.ClientId ?? payload.AuthorizedParty;

    /// <summary>
    /// RFC 9068 section 2.1, RFC 8725 section 3.11: a token of another kind may be signed by the same key for the same audience, and means something
    /// else.
    /// </summary>
    private static string? JudgeKind(Issuer issuer, TokenPayload payload, string? type)
    {
        var isAccessToken = type is not null && (Is(type, "at+jwt") || Is(type, "application/at+jwt"));
        if (issuer.IsProfiled && !isAccessToken) return "token: 'typ' is not at+jwt";
        if (type is not null && !isAccessToken && !Is(type, "JWT")) return "token: 'typ' is of another kind";
        if (payload.IsOtherKind) return "token: not an access token";
        if (!issuer.IsProfiled) return null;
        var isComplete = payload is { Expires: not null, IssuedAt: not null, Subject: not null, ClientId: not null, TokenId: not null };
        return isComplete && payload.Audiences.Count > 0 ? null : "token: a claim of RFC 9068 is missing";
    }

    private static string? JudgeAudience(Issuer issuer, TokenPayload payload)
    {
        foreach (var audience in payload.Audiences)
            foreach (var own in issuer.Audiences)
                if (string.Equals(audience, own, StringComparison.Ordinal)) return null;
        return payload.Audiences.Count == 0 ? "token: no audience" : "token: for another audience";
    }

    private static string? JudgeTimes(Issuer issuer, TokenPayload payload, DateTimeOffset now)
    {
        if (payload.Expires is not { } expires) return "token: no 'exp'";
        var seconds = now.ToUnixTimeSeconds();
        if (seconds >= expires + Seconds(issuer.Skew)) return "token: expired";
        if (expires - (payload.IssuedAt ?? seconds) > Seconds(issuer.Lifetime)) return "token: lives longer than its issuer's 'lifetime'";
        return JudgeBeginning(issuer, payload, now);
    }

    private static string? JudgeBeginning(Issuer issuer, TokenPayload payload, DateTimeOffset now)
    {
        var latest = now.ToUnixTimeSeconds() + Seconds(issuer.Skew);
        if (payload.NotBefore > latest) return "token: not valid yet";
        return payload.IssuedAt > latest ? "token: issued in the future" : null;
    }

    /// <summary>A bond that cannot be checked does not hold; that one of the known ones holds is looked at each time.</summary>
    private static string? JudgeBond(Issuer issuer, TokenPayload payload)
    {
        if (payload.IsBoundOtherwise) return "token: bound to what cannot be checked";
        return issuer.Bound switch
        {
            TokenBond.Dpop when payload.KeyThumbprint is null => "token: not bound to a key",
            TokenBond.Certificate when payload.CertificateThumbprint is null => "token: not bound to a certificate",
            _ => null,
        };
    }

    private static bool Is(string type, string other) => string.Equals(type, other, StringComparison.OrdinalIgnoreCase);

    private static long Seconds(TimeSpan time) => (long)time.TotalSeconds;
}
