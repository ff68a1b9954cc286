using System.Collections.Frozen;
using System.Text;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Looks for credentials where they end up in histories and logs: in paths, queries and cookies. What counts is the prefix of a key anywhere, however
/// it is percent-encoded, or a parameter or a cookie that is named for a key, or a parameter for a token, whatever it holds.
/// </summary>
internal static class MisplacedCredentials
{
    private const int LongestName = 16;

    /// <summary>Where RFC 6750 section 2.3 once let a token stand. Cookies of that name are a website's own.</summary>
    private const string TokenParameter = "access_token";

    private static readonly FrozenSet<string> Names =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "api_key", "api-key", "apikey", "x-api-key", "x_api_key", "xapikey");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NameLookup = Names.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether the request has one in its path, query, cookies or <c>Authorization</c>.</summary>
    public static bool AreIn(Exchange exchange)
    {
        // the path is in normal form, so that the prefix stands unencoded; the query has its question mark
        if (HasPrefix(exchange.Path) || (exchange.Query.Length > 1 && AreInQuery(exchange.Query.AsSpan(1)))) return true;
        foreach (var cookies in exchange.RequestHeaders.Cookie)
            if (AreInPairs(cookies, ';')) return true;
        foreach (var authorization in exchange.RequestHeaders.Authorization)
            if (IsKey(authorization)) return true;
        return false;
    }

    private static bool AreInQuery(ReadOnlySpan<char> query) => AreInPairs(query, '&', TokenParameter);

    /// <summary>
    /// An API key instead of a token, or with a scheme of its own. It has to begin so: by chance the prefix stands somewhere in one of some
    /// thousand tokens.
    /// </summary>
    private static bool IsKey(ReadOnlySpan<char> authorization) =>
        authorization[(authorization.IndexOf(' ') + 1)..].TrimStart(' ').StartsWith(ApiKeyText.Prefix, StringComparison.OrdinalIgnoreCase);

    /// <param name="alsoNamed">A further name that only a credential has here.</param>
    private static bool AreInPairs(ReadOnlySpan<char> text, char separator, string? alsoNamed = null)
    {
        if (HasPrefix(text) || (text.Contains('%') && HasEncodedPrefix(text))) return true;
        foreach (var range in text.Split(separator))
        {
            var pair = text[range].TrimStart(' ');
            var equals = pair.IndexOf('=');
            if (IsNamed(equals < 0 ? pair : pair[..equals], alsoNamed)) return true;
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

    private static bool IsNamed(ReadOnlySpan<char> name, string? alsoNamed)
    {
        if (!name.Contains('%')) return name.Length <= LongestName && IsName(name, alsoNamed);
        Span<char> decoded = stackalloc char[LongestName];
        var length = 0;
        while (!name.IsEmpty)
        {
            if (length == LongestName) return false;
            decoded[length++] = Next(ref name);
        }

        return IsName(decoded[..length], alsoNamed);
    }

    private static bool IsName(ReadOnlySpan<char> name, string? alsoNamed) =>
        NameLookup.Contains(name) || (alsoNamed is not null && name.Equals(alsoNamed, StringComparison.OrdinalIgnoreCase));

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
