using System.Text.Json;

namespace Gatehouse.Tokens;

/// <summary>
/// The header of a token (RFC 7515 section 4), as far as it is looked at. Immutable: an issuer's tokens mostly have one and the same.
/// </summary>
internal sealed class TokenHeader
{
    private const int LongestKeyId = 256;

    private TokenHeader()
    {
    }

    /// <summary><c>alg</c>, as it is written.</summary>
    public string Algorithm { get; private set; } = "";

    /// <summary><c>kid</c>; null without one. Only ever compared; at most 256 characters.</summary>
    public string? KeyId { get; private set; }

    /// <summary><c>typ</c>; null without one.</summary>
    public string? Type { get; private set; }

    /// <summary><c>jwk</c>: what a proof of possession is signed with. An access token's is never looked at.</summary>
    public JsonElement? Jwk { get; private set; }

    /// <summary>
    /// Reads the first part of a token. Null when it is no header that is taken; then <paramref name="reason"/> is a constant text.
    /// </summary>
    public static TokenHeader? TryRead(ReadOnlySpan<char> text, out string reason)
    {
        reason = "token: not base64url";
        if (TokenText.Decode(text) is not { } json) return null;
        reason = "token: not JSON of one meaning";
        using var document = TokenText.Parse(json);
        if (document is null) return null;
        var header = new TokenHeader();
        reason = header.Read(document.RootElement);
        return reason.Length == 0 ? header : null;
    }

    /// <summary>Why the header is not taken; empty when it is.</summary>
    private string Read(JsonElement root)
    {
        foreach (var field in root.EnumerateObject())
        {
            if (field.NameEquals("alg"u8))
            {
                if (!TryText(field.Value, 16, out var algorithm)) return "token: 'alg' is no algorithm";
                Algorithm = algorithm;
            }
            else if (field.NameEquals("kid"u8))
            {
                if (!TryText(field.Value, LongestKeyId, out var id)) return "token: 'kid' is no key's id";
                KeyId = id;
            }
            else if (field.NameEquals("typ"u8))
            {
                if (!TryText(field.Value, 64, out var type)) return "token: 'typ' is no type";
                Type = type;
            }
            else if (field.NameEquals("jwk"u8))
            {
                Jwk = field.Value.Clone();
            }
            else if (field.NameEquals("crit"u8) || field.NameEquals("b64"u8) || field.NameEquals("zip"u8) || field.NameEquals("enc"u8))
            {
                return "token: 'crit', 'b64', 'zip' or 'enc' in the header";
            }
        }

        return Algorithm.Length == 0 ? "token: no 'alg'" : "";
    }

    private static bool TryText(JsonElement value, int longest, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String) return false;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return false; // half of a surrogate pair
        }

        return text.Length > 0 && text.Length <= longest;
    }
}
