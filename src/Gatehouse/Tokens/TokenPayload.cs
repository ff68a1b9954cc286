using System.Text.Json;
using Gatehouse.Consumers;

namespace Gatehouse.Tokens;

/// <summary>What a token says, read strictly and not yet judged: every claim that is looked at has the type that its RFC gives it.</summary>
internal sealed class TokenPayload
{
    private const int LongestText = 1024;
    private const int MostActors = 5;
    private const long LastInstant = 253_402_300_799; // the year 9999

    public string? Issuer { get; private set; }

    public string? Subject { get; private set; }

    public string? TokenId { get; private set; }

    public string? ClientId { get; private set; }

    public string? AuthorizedParty { get; private set; }

    public IReadOnlyList<string> Audiences { get; private set; } = [];

    /// <summary>Seconds since 1970; null without the claim.</summary>
    public long? Expires { get; private set; }

    public long? NotBefore { get; private set; }

    public long? IssuedAt { get; private set; }

    /// <summary>Whether it is another kind of token: an ID token, a logout or security event token, a proof of possession.</summary>
    public bool IsOtherKind { get; private set; }

    public string? KeyThumbprint { get; private set; }

    public string? CertificateThumbprint { get; private set; }

    /// <summary>Whether <c>cnf</c> names something that the gateway cannot check.</summary>
    public bool IsBoundOtherwise { get; private set; }

    public HashSet<Scope> Scopes { get; } = [];

    public IReadOnlyList<string> Actors { get; private set; } = [];

    public TokenClaims Claims { get; private set; } = TokenClaims.None;

    /// <summary>What a payload says. Null when a claim is not what it should be; <paramref name="reason"/> then says why.</summary>
    /// <param name="json">What <paramref name="root"/> was read from; it is kept, and must not change.</param>
    public static TokenPayload? TryRead(JsonElement root, byte[] json, out string reason)
    {
        var payload = new TokenPayload();
        try
        {
            reason = payload.Read(root, json);
            return reason.Length == 0 ? payload : null;
        }
        catch (InvalidOperationException)
        {
            reason = "token: a claim is not Unicode"; // half of a surrogate pair
            return null;
        }
    }

    /// <summary>The claim's one text; null when it has none, or several.</summary>
    public string? TextOf(string claim) => Claims[claim] is [var only] ? only : null;

    private string Read(JsonElement root, byte[] json)
    {
        foreach (var claim in root.EnumerateObject())
            if (!ReadKnown(claim, claim.Value)) return ReasonOf(claim.Name);
        Claims = TokenClaims.Of(json);
        return "";
    }

    /// <summary>Compares names as they are written, so that a claim that nobody looks at costs no text.</summary>
    private bool ReadKnown(JsonProperty claim, JsonElement value)
    {
        if (claim.NameEquals("iss"u8)) return Take(value, out var issuer) && (Issuer = issuer) is not null;
        if (claim.NameEquals("sub"u8)) return Take(value, out var subject) && (Subject = subject) is not null;
        if (claim.NameEquals("jti"u8)) return Take(value, out var id) && (TokenId = id) is not null;
        if (claim.NameEquals("client_id"u8)) return Take(value, out var client) && (ClientId = client) is not null;
        if (claim.NameEquals("azp"u8)) return Take(value, out var party) && (AuthorizedParty = party) is not null;
        if (claim.NameEquals("exp"u8)) return (Expires = Instant(value)) is not null;
        if (claim.NameEquals("nbf"u8)) return (NotBefore = Instant(value)) is not null;
        if (claim.NameEquals("iat"u8)) return (IssuedAt = Instant(value)) is not null;
        if (claim.NameEquals("aud"u8)) return ReadAudiences(value);
        if (claim.NameEquals("scope"u8)) return Take(value, out var scopes, mayBeEmpty: true) && AddScopes(scopes);
        if (claim.NameEquals("scp"u8)) return ReadScopeList(value);
        if (claim.NameEquals("act"u8)) return ReadActors(value);
        if (claim.NameEquals("cnf"u8)) return ReadConfirmation(value);
        IsOtherKind |= claim.NameEquals("nonce"u8) || claim.NameEquals("at_hash"u8) || claim.NameEquals("c_hash"u8) || claim.NameEquals("events"u8)
            || claim.NameEquals("htm"u8) || claim.NameEquals("htu"u8) || claim.NameEquals("ath"u8);
        return true;
    }

    /// <summary>A constant text for each claim: nothing of the token goes into it.</summary>
    private static string ReasonOf(string claim) => claim switch
    {
        "exp" => "token: 'exp' is no whole number of seconds",
        "nbf" => "token: 'nbf' is no whole number of seconds",
        "iat" => "token: 'iat' is no whole number of seconds",
        "aud" => "token: 'aud' is neither a text nor a list of texts",
        "act" => "token: 'act' is no chain of actors",
        "cnf" => "token: 'cnf' is no confirmation",
        _ => "token: a claim has the wrong type",
    };

    private static bool Take(JsonElement value, out string text, bool mayBeEmpty = false)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String) return false;
        text = value.GetString()!;
        return (text.Length > 0 || mayBeEmpty) && text.Length <= LongestText;
    }

    /// <summary>
    /// Seconds since 1970 (NumericDate, RFC 7519 section 2), whole and not negative: what is written with a fraction or an exponent is read
    /// differently by different readers.
    /// </summary>
    private static long? Instant(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var seconds) && seconds is >= 0 and <= LastInstant ? seconds : null;

    private bool ReadAudiences(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            if (!Take(value, out var one)) return false;
            Audiences = [one];
            return true;
        }

        var audiences = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            if (!Take(item, out var audience)) return false;
            audiences.Add(audience);
        }

        Audiences = audiences;
        return true;
    }

    private bool ReadScopeList(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) return Take(value, out var scopes, mayBeEmpty: true) && AddScopes(scopes);
        if (value.ValueKind != JsonValueKind.Array) return false;
        foreach (var item in value.EnumerateArray())
        {
            if (!Take(item, out var scope) || scope.Contains(' ')) return false; // whoever reads it joined to others would take it for two
            Scopes.Add(new Scope(scope));
        }

        return true;
    }

    private bool AddScopes(string text)
    {
        foreach (var scope in text.AsSpan().Split(' '))
            if (!text.AsSpan()[scope].IsEmpty) Scopes.Add(new Scope(text[scope]));
        return true;
    }

    private bool ReadActors(JsonElement value)
    {
        var actors = new List<string>(1);
        Actors = actors;
        while (true)
        {
            if (value.ValueKind != JsonValueKind.Object || actors.Count == MostActors) return false;
            if (!value.TryGetProperty("sub"u8, out var subject) || !Take(subject, out var actor)) return false;
            actors.Add(actor);
            if (!value.TryGetProperty("act"u8, out value)) return true;
        }
    }

    private bool ReadConfirmation(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) return false;
        foreach (var member in value.EnumerateObject())
        {
            if (member.NameEquals("jkt"u8))
            {
                if (!Take(member.Value, out var thumbprint)) return false;
                KeyThumbprint = thumbprint;
            }
            else if (member.NameEquals("x5t#S256"u8))
            {
                if (!Take(member.Value, out var thumbprint)) return false;
                CertificateThumbprint = thumbprint;
            }
            else
            {
                IsBoundOtherwise = true;
            }
        }

        return KeyThumbprint is not null || CertificateThumbprint is not null || IsBoundOtherwise;
    }
}
