using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;

namespace Gatehouse.Consumers;

/// <summary>A new API key: shown once, never kept.</summary>
/// <param name="Key">The whole text, for the caller.</param>
/// <param name="Id">Its public part, for the declaration and the logs.</param>
internal readonly record struct NewApiKey(string Key, string Id)
{
    public override string ToString() => Id;
}

/// <summary>
/// The text of an API key: <c>ghk_</c>, a public id, 160 random bits and a checksum, as in <c>ghk_3f9k2m7q_…32 characters…_0vd2k1x</c>. The fixed
/// prefix lets scanners find leaked keys; the checksum (CRC-32C, RFC 3720 section 12.1, over all that stands before it) lets them, and people who
/// type, know a real key from a look-alike without asking anybody. It protects nothing: that is the hash's part.
/// </summary>
internal static class ApiKeyText
{
    public const string Prefix = "ghk_";

    public const int IdLength = 8;

    private const int SecretLength = 32; // 5 bits each: 160
    private const int ChecksumLength = 7; // 35 bits hold the 32
    private const int SecretAt = 4 + IdLength + 1;
    private const int ChecksumAt = SecretAt + SecretLength + 1;

    /// <summary>How many characters every key has.</summary>
    public const int Length = ChecksumAt + ChecksumLength;

    /// <summary>Base 32 in lower case without the letters that are mistaken for others: i, l, o and u.</summary>
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    /// <summary>Makes a key from the system's random numbers.</summary>
    public static NewApiKey Create()
    {
        Span<byte> random = stackalloc byte[IdLength + SecretLength];
        RandomNumberGenerator.Fill(random);
        Span<char> key = stackalloc char[Length];
        Prefix.CopyTo(key);
        for (var i = 0; i < IdLength; i++) key[Prefix.Length + i] = Alphabet[random[i] & 31];
        key[SecretAt - 1] = '_';
        for (var i = 0; i < SecretLength; i++) key[SecretAt + i] = Alphabet[random[IdLength + i] & 31];
        key[ChecksumAt - 1] = '_';
        WriteChecksum(key[..ChecksumAt], key[ChecksumAt..]);
        CryptographicOperations.ZeroMemory(random);
        return new NewApiKey(key.ToString(), key.Slice(Prefix.Length, IdLength).ToString());
    }

    /// <summary>Whether this is a key as <see cref="Create"/> makes them, and its public id. Says nothing about whether anybody holds it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ReadOnlySpan<char> id)
    {
        id = default;
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        if (text[SecretAt - 1] != '_' || text[ChecksumAt - 1] != '_') return false;
        if (!IsId(text.Slice(Prefix.Length, IdLength)) || text.Slice(SecretAt, SecretLength).ContainsAnyExcept(Letters)) return false;
        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(text[..ChecksumAt], checksum);
        if (!text[ChecksumAt..].SequenceEqual(checksum)) return false;
        id = text.Slice(Prefix.Length, IdLength);
        return true;
    }

    /// <summary>Whether this can be the public id of a key.</summary>
    public static bool IsId(ReadOnlySpan<char> text) => text.Length == IdLength && !text.ContainsAnyExcept(Letters);

    private static void WriteChecksum(ReadOnlySpan<char> text, Span<char> checksum)
    {
        var crc = uint.MaxValue;
        foreach (var c in text) crc = BitOperations.Crc32C(crc, (byte)c);
        crc = ~crc;
        for (var i = ChecksumLength - 1; i >= 0; i--, crc >>= 5) checksum[i] = Alphabet[(int)(crc & 31)];
    }
}
