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
            builder.Append(char.IsControl(c) || char.IsSurrogate(c) || c is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069' ? '?' : c);
        }

        return builder.ToString();
    }
}
