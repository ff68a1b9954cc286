using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// The parts of a request's target (RFC 9112 section 3.2): a path with a query, alone or behind a scheme and an authority. The forms for CONNECT and
/// for <c>OPTIONS *</c> have no path, so there is nothing to route, and they are refused.
/// </summary>
internal readonly ref struct RequestTarget
{
    /// <summary>What may stand in a query as it is (RFC 3986 section 3.4), with the brackets and bars that clients send unencoded.</summary>
    private static readonly SearchValues<char> PlainInQuery =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?[]|");

    private RequestTarget(ReadOnlySpan<char> scheme, ReadOnlySpan<char> authority, ReadOnlySpan<char> path, ReadOnlySpan<char> query)
    {
        Scheme = scheme;
        Authority = authority;
        Path = path;
        Query = query;
    }

    /// <summary>Empty when the target is only a path.</summary>
    public ReadOnlySpan<char> Scheme { get; }

    public ReadOnlySpan<char> Authority { get; }

    /// <summary>As received, not yet in normal form.</summary>
    public ReadOnlySpan<char> Path { get; }

    /// <summary>As received, with its question mark, or empty.</summary>
    public ReadOnlySpan<char> Query { get; }

    public static bool TryRead(ReadOnlySpan<char> text, out RequestTarget target, [NotNullWhen(false)] out string? fault)
    {
        target = default;
        ReadOnlySpan<char> scheme = default;
        ReadOnlySpan<char> authority = default;
        if (!text.StartsWith('/'))
        {
            var colon = text.IndexOf("://", StringComparison.Ordinal);
            if (colon <= 0)
            {
                fault = "the target is not a path";
                return false;
            }

            scheme = text[..colon];
            text = text[(colon + 3)..];
            var end = text.IndexOfAny('/', '?');
            if (end < 0) end = text.Length;
            authority = text[..end];
            text = text[end..];
        }

        var question = text.IndexOf('?');
        var path = question < 0 ? text : text[..question];
        var query = question < 0 ? default : text[question..];
        if (path.IsEmpty) path = "/"; // RFC 9112 section 3.2.1
        target = new RequestTarget(scheme, authority, path, query);
        fault = FaultOf(query);
        return fault is null;
    }

    /// <summary>The query is forwarded as it is, so it only has to be readable in one way: encoded UTF-8 without control characters.</summary>
    private static string? FaultOf(ReadOnlySpan<char> query)
    {
        for (int at; (at = query.IndexOfAnyExcept(PlainInQuery)) >= 0;)
        {
            query = query[at..];
            if (query[0] != '%') return "the query has a character that may not stand there";
            if (!PercentEncoding.TryRead(query, out var rune, out var consumed)) return "the query's percent-encoding is not valid UTF-8";
            if (rune.Value is < 0x20 or (>= 0x7f and < 0xa0)) return "the query has a control character";
            query = query[consumed..];
        }

        return null;
    }
}
