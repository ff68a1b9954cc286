using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Gatehouse.Tokens;

/// <summary>
/// A token in the compact form (RFC 7515 section 7.1), taken apart and not yet believed. Strict, so that no two readers can see different tokens in
/// the same text: exactly three parts, the one canonical base64url, no name twice anywhere, bounded depth, nothing critical, detached or compressed.
/// </summary>
internal sealed class TokenText : IDisposable
{
    /// <summary>The longest token, and the longest proof, in characters.</summary>
    public const int Longest = 8 * 1024;

    private const int LongestKeyId = 256;

    private static readonly SearchValues<char> Base64UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 12 };

    private readonly JsonDocument _header;
    private readonly JsonDocument _payload;

    private TokenText(JsonDocument header, JsonDocument payload) => (_header, _payload) = (header, payload);

    /// <summary><c>alg</c>, as it is written.</summary>
    public string Algorithm { get; private set; } = "";

    /// <summary><c>kid</c>; null without one. Only ever compared; at most 256 characters.</summary>
    public string? KeyId { get; private set; }

    /// <summary><c>typ</c>; null without one.</summary>
    public string? Type { get; private set; }

    /// <summary><c>jwk</c>: what a proof of possession is signed with. An access token's is never looked at.</summary>
    public JsonElement? Jwk { get; private set; }

    public JsonElement Payload => _payload.RootElement;

    /// <summary>What the signature is over: the first two parts with the dot between them.</summary>
    public byte[] Signed { get; private init; } = [];

    public byte[] Signature { get; private init; } = [];

    /// <summary>Takes a text apart. Null when it is not a token; then <paramref name="reason"/> is a constant text for the log.</summary>
    public static TokenText? TryRead(string text, out string reason)
    {
        reason = "token: longer than 8 KiB";
        if (text.Length > Longest) return null;
        var first = text.IndexOf('.', StringComparison.Ordinal);
        var second = first < 0 ? -1 : text.IndexOf('.', first + 1);
        reason = "token: not three parts";
        if (second < 0 || text.IndexOf('.', second + 1) >= 0) return null;
        reason = "token: no signature";
        if (second == text.Length - 1) return null;
        reason = "token: not base64url";
        if (Decode(text.AsSpan(0, first)) is not { } header
            || Decode(text.AsSpan(first + 1, second - first - 1)) is not { } payload
            || Decode(text.AsSpan(second + 1)) is not { } signature) return null;
        reason = "token: not JSON of one meaning";
        if (Parse(header) is not { } head) return null;
        if (Parse(payload) is not { } body)
        {
            head.Dispose();
            return null;
        }

        var signed = new byte[second];
        System.Text.Encoding.ASCII.GetBytes(text.AsSpan(0, second), signed);
        var token = new TokenText(head, body) { Signed = signed, Signature = signature };
        reason = token.ReadHeader();
        if (reason.Length == 0) return token;
        token.Dispose();
        return null;
    }

    public void Dispose()
    {
        _header.Dispose();
        _payload.Dispose();
    }

    /// <summary>The bytes, or null unless this is their one canonical text (RFC 4648 section 3.5, no padding).</summary>
    internal static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length == 0 || text.Length % 4 == 1 || text.ContainsAnyExcept(Base64UrlCharacters)) return null;
        var unused = (text.Length % 4) switch { 2 => "AQgw", 3 => "AEIMQUYcgkosw048", _ => "" };
        if (unused.Length > 0 && !unused.Contains(text[^1], StringComparison.Ordinal)) return null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.TryDecodeFromChars(text, bytes, out var written) ? written == bytes.Length ? bytes : bytes[..written] : null;
    }

    /// <summary>The one JSON object that the bytes are, or null.</summary>
    internal static JsonDocument? Parse(byte[] json)
    {
        if (!Utf8.IsValid(json)) return null;
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // the text is not JSON, or a name in it is half of a surrogate pair
        }

        document?.Dispose();
        return null;
    }

    /// <summary>Why the header is not taken; empty when it is.</summary>
    private string ReadHeader()
    {
        foreach (var field in _header.RootElement.EnumerateObject())
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
                Jwk = field.Value;
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
