using System.Globalization;
using System.Text;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>
/// Text as it may stand on a terminal or in a cell: what would drive the terminal, reorder the line or be invisible is written as <c>\u001b</c>,
/// which is also how JSON writes it inside a string.
/// </summary>
internal static class Visible
{
    /// <param name="lines">Whether ends of lines and tabulators stay, because the form quotes them.</param>
    public static string Of(string text, bool lines = false)
    {
        var first = 0;
        while (first < text.Length && !IsHidden(text, first, lines)) first++;
        if (first == text.Length) return text;
        var shown = new StringBuilder(text, 0, first, text.Length + 16);
        for (var i = first; i < text.Length; i++)
            if (IsHidden(text, i, lines)) shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else shown.Append(text[i]);
        return shown.ToString();
    }

    private static bool IsHidden(string text, int at, bool lines)
    {
        var c = text[at];
        if (c is >= ' ' and <= '~') return false;
        if (c is '\n' or '\r' or '\t') return !lines;
        if (char.IsSurrogate(c)) return !IsWhole(text, at);
        return CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
    }

    private static bool IsWhole(string text, int at) => char.IsHighSurrogate(text[at])
        ? at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])
        : at > 0 && char.IsHighSurrogate(text[at - 1]);
}
