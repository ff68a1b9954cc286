using System.Globalization;
using System.Text;

namespace Gatehouse.Configuration;

/// <summary>Makes text from outside safe to print in a finding: bounded, on one line, without control characters.</summary>
internal static class Show
{
    private const int Longest = 80;

    public static string Bounded(string text)
    {
        var builder = new StringBuilder(Math.Min(text.Length, Longest));
        foreach (var c in text)
        {
            if (builder.Length == Longest) return builder.Append('…').ToString();
            builder.Append(IsSafe(c) ? c : '?');
        }

        return builder.ToString();
    }

    /// <summary>Nothing that moves a cursor, ends a line, turns the direction of text, or cannot be seen.</summary>
    private static bool IsSafe(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
