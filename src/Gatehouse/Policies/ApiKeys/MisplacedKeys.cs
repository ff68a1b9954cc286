using System.Collections.Frozen;
using System.Text;
using Gatehouse.Consumers;
using Gatehouse.Routes;

namespace Gatehouse.Policies.ApiKeys;

/// <summary>
/// Looks for keys where they end up in histories and logs: in paths, queries and cookies. What counts is the prefix of a key anywhere, however it is
/// percent-encoded, or a parameter or a cookie that is named for a key, whatever it holds.
/// </summary>
internal static class MisplacedKeys
{
    private const int LongestName = 16;

    private static readonly FrozenSet<string> Names =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "api_key", "api-key", "apikey", "x-api-key", "x_api_key", "xapikey");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NameLookup = Names.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool AreInPath(ReadOnlySpan<char> path) => HasPrefix(path); // in normal form, so that the prefix stands unencoded

    /// <param name="query">With its question mark, or empty.</param>
    public static bool AreInQuery(ReadOnlySpan<char> query) => query.Length > 1 && AreInPairs(query[1..], '&');

    public static bool AreInCookies(ReadOnlySpan<char> cookies) => AreInPairs(cookies, ';');

    public static bool AreIn(ReadOnlySpan<char> text) => HasPrefix(text);

    private static bool AreInPairs(ReadOnlySpan<char> text, char separator)
    {
        if (HasPrefix(text) || (text.Contains('%') && HasEncodedPrefix(text))) return true;
        foreach (var range in text.Split(separator))
        {
            var pair = text[range].TrimStart(' ');
            var equals = pair.IndexOf('=');
            if (IsNamedForKey(equals < 0 ? pair : pair[..equals])) return true;
        }

        return false;
    }

    private static bool HasPrefix(ReadOnlySpan<char> text) => text.IndexOf(ApiKeyText.Prefix, StringComparison.OrdinalIgnoreCase) >= 0;

    /// <summary>No letter of the prefix comes twice, so one that does not fit can only be its first.</summary>
    private static bool HasEncodedPrefix(ReadOnlySpan<char> text)
    {
        var matched = 0;
        while (!text.IsEmpty)
        {
            var c = Next(ref text);
            matched = c == ApiKeyText.Prefix[matched] ? matched + 1 : c == ApiKeyText.Prefix[0] ? 1 : 0;
            if (matched == ApiKeyText.Prefix.Length) return true;
        }

        return false;
    }

    private static bool IsNamedForKey(ReadOnlySpan<char> name)
    {
        if (!name.Contains('%')) return name.Length <= LongestName && NameLookup.Contains(name);
        Span<char> decoded = stackalloc char[LongestName];
        var length = 0;
        while (!name.IsEmpty)
        {
            if (length == LongestName) return false;
            decoded[length++] = Next(ref name);
        }

        return NameLookup.Contains(decoded[..length]);
    }

    /// <summary>
    /// The next character in lower case, decoded; what cannot be decoded (in a cookie) stands for itself, what is not ASCII for nothing.
    /// </summary>
    private static char Next(ref ReadOnlySpan<char> text)
    {
        var consumed = 1;
        var rune = new Rune('\0');
        var encoded = text[0] == '%' && PercentEncoding.TryRead(text, out rune, out consumed);
        var c = !encoded ? text[0] : rune.IsAscii ? (char)rune.Value : '\0';
        text = text[(encoded ? consumed : 1)..];
        return char.ToLowerInvariant(c);
    }
}
