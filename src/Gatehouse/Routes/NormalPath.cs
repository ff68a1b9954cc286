using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Gatehouse.Routes;

/// <summary>
/// The one normal form of a path (RFC 3986 section 6.2.2, and further): what may stand in a path as it is stands there as it is, because backends
/// read <c>%3A</c> and <c>:</c> alike; every other encoded character keeps its percent sign with upper-case digits, and so does the plus, which
/// some programs read as a blank where it is bare. It is matched, decided on and forwarded. A path that two programs could read differently has no
/// normal form: empty and dot segments, parameters (<c>;</c>), encoded slashes and backslashes, control characters, encoding twice, text that is
/// not UTF-8.
/// </summary>
internal static class NormalPath
{
    /// <summary>What may stand in a path as it is: pchar of RFC 3986 section 3.3 without the semicolon, and the slash.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@/");

    /// <summary>Brings a path into its normal form.</summary>
    /// <param name="same">A text that may already be the normal form, to be given back instead of a copy.</param>
    /// <param name="fault">Why there is none, as a constant text.</param>
    public static bool TryRead(ReadOnlySpan<char> path, string? same, out string normal, [NotNullWhen(false)] out string? fault)
    {
        normal = "/";
        if (path.IsEmpty || path[0] != '/')
        {
            fault = "the path does not begin with a slash";
            return false;
        }

        var first = path.IndexOfAnyExcept(Plain);
        if (first < 0) return Accept(path, same, out normal, out fault);
        Span<char> buffer = path.Length <= 512 ? stackalloc char[512] : new char[path.Length];
        fault = Decode(path, first, buffer, out var length);
        return fault is null && Accept(buffer[..length], same, out normal, out fault);
    }

    private static bool Accept(ReadOnlySpan<char> path, string? same, out string normal, [NotNullWhen(false)] out string? fault)
    {
        normal = "/";
        fault = path.IndexOf("//", StringComparison.Ordinal) >= 0 ? "the path has an empty segment"
            : HasDotSegment(path) ? "the path has a dot segment"
            : null;
        if (fault is not null) return false;
        normal = same is not null && path.SequenceEqual(same) ? same : path.ToString();
        return true;
    }

    /// <summary>Whether a segment consists of dots alone, however many: some servers take three for two.</summary>
    private static bool HasDotSegment(ReadOnlySpan<char> path)
    {
        for (int at; (at = path.IndexOf("/.", StringComparison.Ordinal)) >= 0;)
        {
            path = path[(at + 2)..].TrimStart('.');
            if (path.IsEmpty || path[0] == '/') return true;
        }

        return false;
    }

    private static string? Decode(ReadOnlySpan<char> path, int first, Span<char> normal, out int length)
    {
        path[..first].CopyTo(normal);
        length = first;
        for (var i = first; i < path.Length;)
        {
            var c = path[i];
            if (c != '%')
            {
                if (!Plain.Contains(c)) return "the path has a character that may not stand there";
                normal[length++] = c;
                i++;
                continue;
            }

            if (!PercentEncoding.TryRead(path[i..], out var rune, out var consumed)) return "the path's percent-encoding is not valid UTF-8";
            if (FaultOf(rune) is { } fault) return fault;
            if (StandsForItself(rune)) normal[length++] = (char)rune.Value;
            else length += path.Slice(i, consumed).ToUpperInvariant(normal[length..]);
            i += consumed;
        }

        return IsEncodedTwice(normal[..length]) ? "the path is encoded twice" : null;
    }

    private static string? FaultOf(Rune rune) => rune.Value switch
    {
        < 0x20 or (>= 0x7f and < 0xa0) => "the path has a control character",
        '/' or '\\' or ';' => "the path has an encoded separator",
        _ => null,
    };

    /// <summary>An encoded slash has been refused before.</summary>
    private static bool StandsForItself(Rune rune) => rune.IsAscii && rune.Value != '+' && Plain.Contains((char)rune.Value);

    /// <summary>Looked for in the normal form, where <c>%25%32%46</c> has become <c>%252F</c>.</summary>
    private static bool IsEncodedTwice(ReadOnlySpan<char> normal)
    {
        for (int at; (at = normal.IndexOf("%25", StringComparison.Ordinal)) >= 0;)
        {
            normal = normal[(at + 3)..];
            if (normal.Length >= 2 && char.IsAsciiHexDigit(normal[0]) && char.IsAsciiHexDigit(normal[1])) return true;
        }

        return false;
    }
}
