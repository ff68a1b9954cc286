using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Tokens;

/// <summary>SHA-256 of a token: by which it is remembered, so that no token lies in memory longer than its request.</summary>
internal readonly record struct TokenDigest(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The digest of a text of ASCII characters; false for any other. Allocates nothing.</summary>
    /// <param name="text">At most <see cref="TokenText.Longest"/> characters.</param>
    public static bool TryOf(string text, out TokenDigest digest)
    {
        digest = default;
        if (text.Length > TokenText.Longest) return false;
        Span<byte> bytes = stackalloc byte[text.Length];
        if (Ascii.FromUtf16(text, bytes, out _) != OperationStatus.Done) return false;
        digest = Of(bytes);
        return true;
    }

    /// <summary>
    /// The digest of a signed token without its signature, of which there are several for one content (ECDSA: (r, s) and (r, n - s)); of any other
    /// text, that of the whole.
    /// </summary>
    public static TokenDigest OfWhatIsSigned(string text)
    {
        var end = text.AsSpan().Count('.') == 2 ? text.LastIndexOf('.') : text.Length;
        return TryOf(text[..end], out var digest) ? digest : default;
    }

    public static TokenDigest Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return new TokenDigest(
            BinaryPrimitives.ReadUInt64BigEndian(hash),
            BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
    }

    public override int GetHashCode() => (int)A;

    /// <summary>The beginning, for logs.</summary>
    public override string ToString() => A.ToString("x16", CultureInfo.InvariantCulture);
}
