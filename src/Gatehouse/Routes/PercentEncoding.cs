using System.Buffers;
using System.Globalization;
using System.Text;

namespace Gatehouse.Routes;

/// <summary>Percent-encoded octets (RFC 3986 section 2.1), and the characters that they stand for.</summary>
internal static class PercentEncoding
{
    /// <summary>Characters of an encoded octet: <c>%2F</c>.</summary>
    public const int Length = 3;

    /// <summary>Reads the octet that the text begins with.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out byte octet)
    {
        octet = 0;
        // the digits are checked here because byte.Parse also takes a NUL after them
        if (text.Length < Length || text[0] != '%' || !char.IsAsciiHexDigit(text[1]) || !char.IsAsciiHexDigit(text[2])) return false;
        octet = byte.Parse(text[1..Length], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>Reads the character that the text begins with; its octets have to be UTF-8 (RFC 3629): no overlong forms, no surrogates.</summary>
    /// <param name="consumed">How much of the text it took: <see cref="Length"/> for each octet.</param>
    public static bool TryRead(ReadOnlySpan<char> text, out Rune rune, out int consumed)
    {
        consumed = 0;
        rune = default;
        Span<byte> octets = stackalloc byte[4];
        var count = 0;
        while (count < 4 && TryRead(text[(count * Length)..], out octets[count]))
            if (octets[count++] < 0x80) break;
        if (Rune.DecodeFromUtf8(octets[..count], out rune, out var used) != OperationStatus.Done) return false;
        consumed = used * Length;
        return true;
    }
}
