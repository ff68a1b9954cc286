using System.Globalization;
using System.Text;

namespace Gatehouse.Cli.Commands.Import;

/// <summary>Makes text from a foreign document safe to stand in YAML and on a terminal.</summary>
internal static class DraftText
{
    private const int MostLineCharacters = 110;
    private const int MostNameCharacters = 56; // leaves room for a number that makes it unique
    private const string Harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/{} ";

    /// <summary>
    /// One bounded line for a comment or a message: letters, digits, marks, punctuation and symbols; all kinds of blanks become one, and
    /// everything else '?'.
    /// </summary>
    public static string Line(string text)
    {
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= MostLineCharacters) return line.Append('…').ToString();
            if (Rune.IsWhiteSpace(rune))
            {
                if (line is { Length: > 0 } && line[^1] != ' ') line.Append(' ');
            }
            else if (Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
                || rune.Value == Rune.ReplacementChar.Value)
                line.Append('?');
            else
                line.Append(rune.ToString());
        }

        return line.ToString().TrimEnd();
    }

    /// <summary>A name as a declaration has them, made from any text: listOrders, list_orders and "List orders" are list-orders.</summary>
    public static string Name(string text)
    {
        var name = new StringBuilder();
        var before = '\0';
        foreach (var c in text)
        {
            if (name.Length >= MostNameCharacters) break;
            if (char.IsAsciiLetterUpper(c) && (char.IsAsciiLetterLower(before) || char.IsAsciiDigit(before))) name.Append('-');
            if (char.IsAsciiLetterOrDigit(c)) name.Append(char.ToLowerInvariant(c));
            else if (name.Length > 0 && name[^1] != '-') name.Append('-');
            before = c;
        }

        var made = name.ToString().Trim('-');
        return made is "" or "null" or "undecided" ? "unnamed" : char.IsAsciiDigit(made[0]) ? "n" + made : made; // these would mean something else
    }

    /// <summary>A scalar: plain where nothing in it could mean something else, and otherwise in double quotes (YAML 1.2 section 7.3.1).</summary>
    public static string Scalar(string text)
    {
        if (text.Length > 0 && char.IsAsciiLetter(text[0]) && text[^1] != ' ' && text.All(c => Harmless.Contains(c, StringComparison.Ordinal)))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c is >= ' ' and <= '~') quoted.Append(c);
            else quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
        }

        return quoted.Append('"').ToString();
    }
}
