using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Routes;

/// <summary>
/// Reads path templates. Literals are segments of RFC 3986 section 3.3 in the form that <see cref="NormalPath"/> gives requests and a little
/// stricter: no <c>;</c> parameters, no plus, no encoded slash or backslash, no control characters. Non-ASCII characters are written
/// percent-encoded, so that the text of a template is, letter by letter, what is compared.
/// </summary>
internal static class PathTemplateParser
{
    private const int MostNameCharacters = 64;

    private const string Plus = "'+' is a blank to some programs, so that no route can be told by it, encoded or not; let a name stand for it";

    /// <summary>
    /// The characters that stand for themselves: unreserved, sub-delims without the semicolon and the plus, colon and at (RFC 3986 section 3.3).
    /// </summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*,=:@");

    public static bool TryParse(string text, [NotNullWhen(true)] out PathTemplate? template, [NotNullWhen(false)] out string? why)
    {
        template = null;
        why = FaultOfWhole(text);
        if (why is not null) return false;

        var texts = text[1..].Split('/');
        var segments = new Segment[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            var last = i == texts.Length - 1;
            why = ReadSegment(texts[i], last, out segments[i]) ?? FaultOfName(segments.AsSpan(0, i), segments[i].Name);
            if (why is not null) return false;
        }

        template = new PathTemplate(text, segments);
        return true;
    }

    private static string? FaultOfWhole(string text)
    {
        if (!text.StartsWith('/')) return "it has to begin with '/'";
        if (text.Length > PathTemplate.MostCharacters) return Invariant($"it is longer than {PathTemplate.MostCharacters} characters");
        return text.AsSpan().Count('/') > PathTemplate.MostSegments ? Invariant($"it has more than {PathTemplate.MostSegments} segments") : null;
    }

    private static string? FaultOfName(ReadOnlySpan<Segment> before, string? name)
    {
        if (name is null) return null;
        foreach (var segment in before)
            if (segment.Name == name) return $"the name '{name}' occurs twice";
        return null;
    }

    private static string? ReadSegment(string text, bool last, out Segment segment)
    {
        segment = new Segment(SegmentKind.Literal, null, text, "");
        if (text.Length == 0) return last ? null : "two slashes follow each other; an empty segment can only be the last";
        if (text is "." or "..") return $"the segment '{text}' is a step in a tree of files, which no request's path contains";

        var open = text.IndexOf('{', StringComparison.Ordinal);
        var close = text.IndexOf('}', StringComparison.Ordinal);
        if (open < 0 && close < 0) return FaultOfLiteral(text);
        if (open < 0 || close < open) return $"the segment '{Show.Bounded(text)}' has a brace without its partner";
        if (text.AsSpan(close + 1).ContainsAny('{', '}') || text.AsSpan(open + 1, close - open - 1).Contains('{'))
            return $"the segment '{Show.Bounded(text)}' has more than one name; a segment can have one";

        var (prefix, inner, suffix) = (text[..open], text[(open + 1)..close], text[(close + 1)..]);
        var isRest = inner.EndsWith("**", StringComparison.Ordinal);
        var name = isRest ? inner[..^2] : inner;
        if (!IsName(name))
            return $"'{{{Show.Bounded(inner)}}}' is not a name: a letter, then up to {MostNameCharacters - 1} letters, digits or underscores";
        if (isRest && (!last || prefix.Length + suffix.Length > 0)) return $"'{{{Show.Bounded(inner)}}}' has to stand alone in the last segment";

        var kind = isRest ? SegmentKind.Rest : prefix.Length + suffix.Length > 0 ? SegmentKind.Affixed : SegmentKind.Name;
        segment = new Segment(kind, name, prefix, suffix);
        return FaultOfLiteral(prefix) ?? FaultOfLiteral(suffix);
    }

    private static bool IsName(string text)
    {
        if (text.Length is 0 or > MostNameCharacters || !char.IsAsciiLetter(text[0])) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        return true;
    }

    private static string? FaultOfLiteral(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (Plain.Contains(c)) continue;
            if (c != '%') return FaultOfCharacter(text, i);
            if (FaultOfOctet(text.AsSpan(i, Math.Min(PercentEncoding.Length, text.Length - i))) is { } fault) return fault;
            i += PercentEncoding.Length - 1;
        }

        return null;
    }

    private static string FaultOfCharacter(string text, int at) => text[at] switch
    {
        ';' => "';' begins a parameter of a segment, which requests are refused for",
        '+' => Plus,
        '\\' => "a backslash has no place in a path",
        '?' => "'?' begins a query; conditions on the query are written as 'query'",
        '#' => "'#' begins a fragment, which is never sent",
        var c when char.IsControl(c) => Invariant($"a control character (U+{(int)c:X4}) has no place in a path"),
        var c when char.IsSurrogate(c) && !Rune.TryGetRuneAt(text, at, out _) => "half of a surrogate pair is no character",
        _ => FaultOfRune(Rune.GetRuneAt(text, at).ToString()),
    };

    private static string FaultOfRune(string rune) => $"'{Show.Bounded(rune)}' has to be percent-encoded: '{Uri.EscapeDataString(rune)}'";

    /// <param name="octet">A percent sign and what follows it, at most three characters.</param>
    private static string? FaultOfOctet(ReadOnlySpan<char> octet)
    {
        if (!PercentEncoding.TryRead(octet, out var value))
            return $"'{Show.Bounded(octet.ToString())}' is not a percent-encoded octet: two hexadecimal digits have to follow '%'";
        if (value is (byte)'/' or (byte)'\\') return $"'{octet}' is an encoded slash or backslash, which requests are refused for";
        if (value is < 0x20 or 0x7F) return $"'{octet}' is an encoded control character, which requests are refused for";
        if (value is (byte)';') return $"'{octet}' is an encoded ';', which requests are refused for";
        if (value is (byte)'+') return Plus;
        if (Plain.Contains((char)value)) return $"'{octet}' is not in normal form: write '{(char)value}'";
        return octet.ContainsAnyInRange('a', 'f') ? $"'{octet}' is not in normal form: write '{octet.ToString().ToUpperInvariant()}'" : null;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
