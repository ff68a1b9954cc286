using System.Buffers.Binary;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Body;

/// <summary>How a body is compressed (RFC 9110 section 8.4.1).</summary>
[Flags]
internal enum Coding
{
    None = 0,

    /// <summary>RFC 1952.</summary>
    Gzip = 1,

    /// <summary>RFC 7932.</summary>
    Brotli = 2,

    /// <summary>RFC 1950, and never RFC 1951 alone.</summary>
    Deflate = 4,
}

/// <summary>Codings in messages, and what stands around compressed bytes.</summary>
internal static class Codings
{
    /// <summary>What the head of a gzip member may take with the names and comments in it.</summary>
    public const int LongestHead = 4096;

    /// <summary>The check values at the end, in bytes.</summary>
    public const int GzipTail = 8, DeflateTail = 4;

    private const int HeadCheck = 2, Extra = 4, FileName = 8, Comment = 16, Reserved = 0xe0;

    public static string NameOf(Coding coding) => coding switch
    {
        Coding.Gzip => "gzip",
        Coding.Brotli => "br",
        Coding.Deflate => "deflate",
        _ => "",
    };

    /// <summary>
    /// The one coding that a body has. False where there are several, or one that has no name here: several layers multiply what they unpack to.
    /// </summary>
    public static bool TryRead(StringValues fields, out Coding coding)
    {
        coding = Coding.None;
        foreach (var field in fields)
        {
            if (Is(field, "identity")) continue;
            var read = Is(field, "gzip") ? Coding.Gzip : Is(field, "br") ? Coding.Brotli : Is(field, "deflate") ? Coding.Deflate : Coding.None;
            if (read == Coding.None || coding != Coding.None) return false;
            coding = read;
        }

        return true;

        static bool Is(string? field, string name) => string.Equals(field, name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>How many bytes stand before the compressed ones; negative where they are none of this coding.</summary>
    /// <param name="bytes">The body's first bytes: all of it, or <see cref="LongestHead"/>.</param>
    public static int HeadOf(Coding coding, ReadOnlySpan<byte> bytes) => coding switch
    {
        Coding.Gzip => HeadOfGzip(bytes),
        Coding.Deflate => IsHeadOfZlib(bytes) ? 2 : -1,
        _ => bytes.Length > 0 && !HasLargeWindow(bytes[0]) ? 0 : -1,
    };

    /// <summary>RFC 1952 section 2.3.</summary>
    private static int HeadOfGzip(ReadOnlySpan<byte> bytes)
    {
        const int fixedPart = 10;
        if (bytes.Length < fixedPart || bytes[0] != 0x1f || bytes[1] != 0x8b || bytes[2] != 8 || (bytes[3] & Reserved) != 0) return -1;
        var (flags, at) = (bytes[3], fixedPart);
        if ((flags & Extra) != 0)
        {
            if (bytes.Length < at + 2) return -1;
            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        }

        foreach (var text in (ReadOnlySpan<int>)[FileName, Comment])
        {
            if ((flags & text) == 0) continue;
            if (at > bytes.Length) return -1;
            var end = bytes[at..].IndexOf((byte)0);
            if (end < 0) return -1;
            at += end + 1;
        }

        if ((flags & HeadCheck) != 0) at += 2;
        return at > bytes.Length ? -1 : at;
    }

    /// <summary>RFC 1950 section 2.2, without a preset dictionary.</summary>
    private static bool IsHeadOfZlib(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 2 && (bytes[0] & 0x0f) == 8 && bytes[0] >> 4 <= 7 && (bytes[1] & 0x20) == 0 && ((bytes[0] << 8) | bytes[1]) % 31 == 0;

    /// <summary>More than 4 MiB of what was unpacked is kept for such a body (RFC 7932 section 9.1); programs ask for it only when told to.</summary>
    private static bool HasLargeWindow(byte first) => (first & 0x0f) is 0x0d or 0x0f;
}
