using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Consumers;

/// <summary>
/// What is kept of an API key: HMAC-SHA-256 (RFC 2104) of its whole text under the pepper, a secret that lies elsewhere. In a declaration it is
/// <c>hmac-sha256:</c> and 43 characters of base64url (RFC 4648 section 5). A key has 160 random bits, so nothing slower than one HMAC is needed.
/// </summary>
internal static class ApiKeyHash
{
    public const int Bytes = HMACSHA256.HashSizeInBytes;

    /// <summary>The fewest bytes that a pepper may have.</summary>
    public const int LeastPepperBytes = 32;

    private const string Scheme = "hmac-sha256:";
    private const int EncodedLength = 43;

    /// <summary>Hashes the text of a key: exactly <see cref="ApiKeyText.Length"/> ASCII characters. Allocates nothing.</summary>
    public static void Compute(Secret pepper, ReadOnlySpan<char> key, Span<byte> hash)
    {
        Span<byte> text = stackalloc byte[ApiKeyText.Length];
        Encoding.ASCII.GetBytes(key, text);
        HMACSHA256.HashData(pepper.Bytes, text, hash);
        CryptographicOperations.ZeroMemory(text);
    }

    /// <summary>The hash as it stands in a declaration.</summary>
    public static string Write(Secret pepper, NewApiKey key)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        Compute(pepper, key.Key, hash);
        return Scheme + Base64Url.EncodeToString(hash);
    }

    /// <summary>Reads a hash from a declaration; only the one canonical text of it is taken.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out byte[] hash)
    {
        hash = [];
        if (!text.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        var encoded = text[Scheme.Length..];
        if (encoded.Length != EncodedLength || !Base64Url.IsValid(encoded)) return false;
        var bytes = new byte[Bytes];
        if (!Base64Url.TryDecodeFromChars(encoded, bytes, out var written) || written != Bytes) return false;
        Span<char> canonical = stackalloc char[EncodedLength];
        if (!Base64Url.TryEncodeToChars(bytes, canonical, out _) || !encoded.SequenceEqual(canonical)) return false;
        hash = bytes;
        return true;
    }
}
