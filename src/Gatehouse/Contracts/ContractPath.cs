using System.Diagnostics.CodeAnalysis;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Contracts;

/// <summary>
/// Writes a path of OpenAPI as a path template of ours. Names are made ones that we allow, and unique; literals are brought into normal
/// form. What is left unsaid are several names in one segment, names that take more than a segment, and whatever requests are refused for.
/// </summary>
internal static class ContractPath
{
    private const int MostNameCharacters = 60;
    private const string Plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@";

    /// <param name="why">What no template can say; null when one can.</param>
    public static bool TryRead(string path, [NotNullWhen(true)] out PathTemplate? template, [NotNullWhen(false)] out string? why)
    {
        template = null;
        if (path.Length > PathTemplate.MostCharacters)
        {
            why = $"it is longer than {PathTemplate.MostCharacters} characters";
            return false;
        }

        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var segments = path.Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = Segment(segments[i], names, out why);
            if (why is not null) return false;
        }

        return PathTemplate.TryParse(string.Join('/', segments), out template, out why);
    }

    private static string Segment(string text, Dictionary<string, int> names, out string? why)
    {
        why = null;
        var (open, close) = (text.IndexOf('{', StringComparison.Ordinal), text.IndexOf('}', StringComparison.Ordinal));
        // The template's reader says what is wrong with braces
        if (open < 0 || close < open || text.AsSpan(close + 1).ContainsAny('{', '}')) return Literal(text);
        var name = text[(open + 1)..close];
        if (name is ['+', ..] or [.., '+'] or [.., '*'])
            why = $"'{{{Show.Bounded(name)}}}' takes more than one segment, which OpenAPI does not say; write {{name**}} if it is meant";
        return $"{Literal(text[..open])}{{{Unique(Name(name), names)}}}{Literal(text[(close + 1)..])}";
    }

    /// <summary>A letter, then letters, digits and underscores.</summary>
    private static string Name(string text)
    {
        var name = new StringBuilder();
        foreach (var c in text)
            if (name.Length < MostNameCharacters) name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (name.Length == 0 || !char.IsAsciiLetter(name[0])) name.Insert(0, 'p');
        return name.ToString();
    }

    /// <param name="names">The names that are taken, and to which number each was counted up.</param>
    private static string Unique(string name, Dictionary<string, int> names)
    {
        var unique = name;
        while (!names.TryAdd(unique, 1)) unique = FormattableString.Invariant($"{name}{++names[name]}");
        return unique;
    }

    /// <summary>The form that requests are brought into: what need not be encoded is plain, everything else is encoded, in capitals.</summary>
    private static string Literal(string text)
    {
        var literal = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (Plain.Contains(c, StringComparison.Ordinal) || c is '{' or '}' or '?' or '#' or '\\' || char.IsControl(c)) literal.Append(c);
            else if (c == '%' && PercentEncoding.TryRead(text.AsSpan(i, Math.Min(PercentEncoding.Length, text.Length - i)), out var octet))
            {
                literal.Append(octet is not ((byte)'+' or (byte)';') && Plain.Contains((char)octet, StringComparison.Ordinal)
                    ? ((char)octet).ToString() : text.Substring(i, PercentEncoding.Length).ToUpperInvariant());
                i += PercentEncoding.Length - 1;
            }
            else if (Rune.TryGetRuneAt(text, i, out var rune))
            {
                literal.Append(Uri.EscapeDataString(rune.ToString()));
                i += rune.Utf16SequenceLength - 1;
            }
            else literal.Append(c);
        }

        return literal.ToString();
    }
}
