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

    private static readonly SearchValues<char> Base64UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 12 };

    private readonly JsonDocument _payload;
    private byte[]? _signed;

    private TokenText(TokenHeader header, JsonDocument payload) => (Header, _payload) = (header, payload);

    public TokenHeader Header { get; }

    public JsonElement Payload => _payload.RootElement;

    /// <summary>The payload's own bytes, which nothing changes any more.</summary>
    public byte[] PayloadJson { get; private init; } = [];

    /// <summary>What the signature is over: the first two parts with the dot between them. Not to be used once the token is disposed of.</summary>
    public ArraySegment<byte> Signed { get; private init; }

    public byte[] Signature { get; private init; } = [];

    /// <summary>Takes a text apart. Null when it is not a token; then <paramref name="reason"/> is a constant text for the log.</summary>
    /// <param name="headers">Headers that were read before; null where each is read anew.</param>
    public static TokenText? TryRead(string text, HeaderMemory? headers, out string reason)
    {
        reason = "token: longer than 8 KiB";
        if (text.Length > Longest) return null;
        var first = text.IndexOf('.', StringComparison.Ordinal);
        var second = first < 0 ? -1 : text.IndexOf('.', first + 1);
        reason = "token: not three parts";
        if (second < 0 || text.IndexOf('.', second + 1) >= 0) return null;
        reason = "token: no signature";
        if (second == text.Length - 1) return null;
        var start = text.AsSpan(0, first);
        if ((headers is null ? TokenHeader.TryRead(start, out reason) : headers.Read(start, out reason)) is not { } header) return null;
        reason = "token: not base64url";
        if (Decode(text.AsSpan(first + 1, second - first - 1)) is not { } payload || Decode(text.AsSpan(second + 1)) is not { } signature)
            return null;
        reason = "token: not JSON of one meaning";
        if (Parse(payload) is not { } body) return null;
        reason = "";
        var signed = ArrayPool<byte>.Shared.Rent(second);
        System.Text.Encoding.ASCII.GetBytes(text.AsSpan(0, second), signed);
        return new TokenText(header, body) { _signed = signed, Signed = new(signed, 0, second), Signature = signature, PayloadJson = payload };
    }

    public void Dispose()
    {
        _payload.Dispose();
        if (Interlocked.Exchange(ref _signed, null) is { } signed) ArrayPool<byte>.Shared.Return(signed);
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
}
