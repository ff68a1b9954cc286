using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// Whether a <c>tracestate</c> may be passed on (W3C Trace Context level 1, section 3.3): at most 32 members <c>key=value</c>, 512 characters
/// together, each key once and in its form.
/// </summary>
internal static class TraceState
{
    private const int Longest = 512;
    private const int MostMembers = 32;
    private const int LongestKey = 256;
    private const int LongestValue = 256;

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/@");
    private static readonly SearchValues<char> ValueCharacters = SearchValues.Create(
        " !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    public static bool IsValid(StringValues fields)
    {
        if (fields.Count == 0) return true;
        var length = 0;
        foreach (var value in fields) length += (value?.Length ?? 0) + 1;
        if (length - 1 > Longest) return false;
        var text = (fields.Count == 1 ? fields[0]! : fields.ToString()).AsSpan();
        var members = 0;
        foreach (var range in text.Split(','))
        {
            var member = text[range].Trim(" \t");
            if (member.IsEmpty) continue; // empty members are allowed
            if (++members > MostMembers || !IsMember(member, out var key) || StandsTwice(text, range.Start.GetOffset(text.Length), key)) return false;
        }

        return true;
    }

    private static bool IsMember(ReadOnlySpan<char> member, out ReadOnlySpan<char> key)
    {
        var equals = member.IndexOf('=');
        key = equals > 0 ? member[..equals] : default;
        if (key.IsEmpty || key.Length > LongestKey || key.ContainsAnyExcept(KeyCharacters)) return false;
        if (!char.IsAsciiLetterLower(key[0]) && !char.IsAsciiDigit(key[0])) return false;
        var value = member[(equals + 1)..];
        return value.Length is > 0 and <= LongestValue && !value.ContainsAnyExcept(ValueCharacters);
    }

    /// <summary>Whether the key stands before this place already.</summary>
    private static bool StandsTwice(ReadOnlySpan<char> text, int until, ReadOnlySpan<char> key)
    {
        foreach (var range in text[..until].Split(','))
        {
            var member = text[..until][range].Trim(" \t");
            if (member.Length > key.Length && member.StartsWith(key, StringComparison.Ordinal) && member[key.Length] == '=') return true;
        }

        return false;
    }
}
