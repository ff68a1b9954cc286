using System.Text.Json;

namespace Gatehouse.Services;

/// <summary>A token endpoint's good answer (RFC 6749 section 5.1, RFC 8693 section 2.2.1).</summary>
/// <param name="Scope">What the token is good for; null when that is what was asked for.</param>
/// <param name="IssuedType"><c>issued_token_type</c>; null without one.</param>
internal sealed record TokenResponse(string AccessToken, TimeSpan ExpiresIn, string? Scope, string? IssuedType)
{
    private const int LongestToken = 16 * 1024;
    private const int LongestText = 4 * 1024;
    private static readonly JsonReaderOptions Bounded = new() { MaxDepth = 32 };

    /// <summary>Whether it is a token that was given for another one, to be used as an access token.</summary>
    public bool IsExchanged => IssuedType is "urn:ietf:params:oauth:token-type:access_token" or "urn:ietf:params:oauth:token-type:jwt";

    public bool IsWithin(IReadOnlyList<string> scopes) =>
        Scope is null || Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(scopes.Contains);

    /// <summary>
    /// Null for whatever is not one bearer token: another type, a name that stands twice, a token that cannot stand in a header field.
    /// </summary>
    public static TokenResponse? Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, Bounded);
        string? token = null, type = null, scope = null, issued = null;
        var expires = -1L;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.ValueSpan.Length > 64 ? "" : reader.GetString();
                reader.Read();
                var good = name switch
                {
                    "access_token" => Take(ref reader, ref token, LongestToken),
                    "token_type" => Take(ref reader, ref type, LongestText),
                    "scope" => Take(ref reader, ref scope, LongestText),
                    "issued_token_type" => Take(ref reader, ref issued, LongestText),
                    "expires_in" => expires < 0 && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out expires) && expires >= 0,
                    _ => Pass(ref reader),
                };
                if (!good) return null;
            }

            if (reader.Read() || token is null || !IsBearer(token)) return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }

        if (!string.Equals(type, "Bearer", StringComparison.OrdinalIgnoreCase)) return null;
        return new TokenResponse(token, TimeSpan.FromSeconds(Math.Clamp(expires, 0, 1_000_000)), scope, issued);
    }

    /// <summary>The token is not shown by accident.</summary>
    public override string ToString() => "a token response";

    private static bool Take(ref Utf8JsonReader reader, ref string? value, int longest)
    {
        if (value is not null || reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > longest) return false;
        value = reader.GetString();
        return true;
    }

    private static bool Pass(ref Utf8JsonReader reader)
    {
        reader.Skip();
        return true;
    }

    /// <summary>RFC 6750 section 2.1.</summary>
    private static bool IsBearer(string token)
    {
        foreach (var c in token)
            if (!char.IsAsciiLetterOrDigit(c) && !"-._~+/=".Contains(c, StringComparison.Ordinal)) return false;
        return token.Length > 0;
    }
}
