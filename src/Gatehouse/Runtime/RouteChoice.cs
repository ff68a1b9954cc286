using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>What a request says about a route's conditions.</summary>
internal enum Judgement
{
    NotMet,
    Met,

    /// <summary>A name that is asked for occurs more than once, and nothing else decides.</summary>
    Unclear,
}

/// <summary>A route and what it asks of header fields and query parameters, in the form in which a request is held against it.</summary>
internal sealed class RouteChoice
{
    private readonly Condition[] _headers;
    private readonly (byte[] Name, byte[] Value)[] _query;

    public RouteChoice(CompiledRoute route)
    {
        Route = route;
        _headers = [.. Match.Headers];
        _query = [.. Match.Query.Select(c => (Encoding.UTF8.GetBytes(c.Name), Encoding.UTF8.GetBytes(c.Value)))];
    }

    public CompiledRoute Route { get; }

    public RouteMatch Match => Route.Route.Match;

    /// <summary>A condition is met by exactly one occurrence of its name with exactly its value.</summary>
    public Judgement Judge(Exchange exchange)
    {
        var judgement = Judgement.Met;
        foreach (var header in _headers)
        {
            var values = exchange.RequestHeaders[header.Name];
            if (values.Count > 1) judgement = Judgement.Unclear;
            else if (values.Count == 0 || values[0] != header.Value) return Judgement.NotMet;
        }

        foreach (var (name, value) in _query)
        {
            var judged = JudgeQuery(exchange.Query.Length == 0 ? [] : exchange.Query.AsSpan(1), name, value);
            if (judged == Judgement.NotMet) return judged;
            if (judged == Judgement.Unclear) judgement = judged;
        }

        return judgement;
    }

    private static Judgement JudgeQuery(ReadOnlySpan<char> query, byte[] name, byte[] value)
    {
        var (occurrences, met) = (0, false);
        foreach (var range in query.Split('&'))
        {
            var parameter = query[range];
            var equals = parameter.IndexOf('=');
            if (!IsEncodingOf(equals < 0 ? parameter : parameter[..equals], name)) continue;
            occurrences++;
            met = IsEncodingOf(equals < 0 ? [] : parameter[(equals + 1)..], value);
        }

        return occurrences > 1 ? Judgement.Unclear : met ? Judgement.Met : Judgement.NotMet;
    }

    /// <summary>
    /// Whether the text is these bytes once it is percent-decoded (RFC 3986 section 2.1; a plus sign stays one). Encoding is undone because a backend
    /// undoes it: otherwise
    /// <c>%61dmin=1</c> would take another route than <c>admin=1</c> and mean the same.
    /// </summary>
    private static bool IsEncodingOf(ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        for (var i = 0; i < text.Length; i++, at++)
        {
            var b = text[i];
            if (!char.IsAscii(b)) return false;
            if (PercentEncoding.TryRead(text[i..], out var octet))
            {
                b = (char)octet;
                i += PercentEncoding.Length - 1;
            }

            if (at == bytes.Length || b != bytes[at]) return false;
        }

        return at == bytes.Length;
    }
}
