using System.Globalization;
using System.Text;

namespace Gatehouse.Configuration;

/// <summary>
/// Makes text from outside safe to print: on one line, without control characters, and where it stands in a sentence bounded, and without what is a
/// secret wherever somebody has put it.
/// </summary>
internal static class Show
{
    private const int Longest = 80;
    private const string KeyPrefix = "ghk_";

    public static string Bounded(string text)
    {
        text = WithoutSecrets(text);
        var builder = new StringBuilder(Math.Min(text.Length, Longest));
        foreach (var c in text)
        {
            if (builder.Length == Longest) return builder.Append('…').ToString();
            builder.Append(IsSafe(char.GetUnicodeCategory(c)) ? c : '?');
        }

        return builder.ToString();
    }

    /// <summary>All of the text.</summary>
    public static string OnOneLine(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return text;
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) builder.Append(IsSafe(Rune.GetUnicodeCategory(rune)) ? rune.ToString() : "?");
        return builder.ToString();
    }

    /// <summary>Everything behind the prefix of an API key, and what stands before the host of an address (a user and a password).</summary>
    private static string WithoutSecrets(string text)
    {
        var (address, at) = (text.IndexOf("://", StringComparison.Ordinal), text.LastIndexOf('@'));
        if (address >= 0 && at > address) text = string.Concat(text.AsSpan(0, address + 3), "…", text.AsSpan(at));
        var key = text.IndexOf(KeyPrefix, StringComparison.Ordinal);
        return key < 0 ? text : text[..(key + KeyPrefix.Length)] + "…";
    }

    /// <summary>Nothing that moves a cursor, ends a line, turns the direction of text, or cannot be seen.</summary>
    private static bool IsSafe(UnicodeCategory category) => category is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
