using System.Diagnostics.CodeAnalysis;
using System.Text;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Authorize;

/// <summary>A text with values of a route's path in it: <c>{orderId}</c>, <c>{shop}:{orderId}</c>.</summary>
internal sealed class ResourceId
{
    private readonly (string Literal, int Segment)[] _pieces;
    private readonly IReadOnlyList<Segment> _segments;

    private ResourceId((string Literal, int Segment)[] pieces, IReadOnlyList<Segment> segments) => (_pieces, _segments) = (pieces, segments);

    /// <param name="why">What is wrong, when something is.</param>
    public static bool TryCompile(
        string text, IReadOnlyList<Segment> segments, [NotNullWhen(true)] out ResourceId? id, [NotNullWhen(false)] out string? why)
    {
        (id, why) = (null, null);
        var pieces = new List<(string Literal, int Segment)>();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            var literal = open < 0 ? text[at..] : text[at..open];
            if (literal.Contains('}', StringComparison.Ordinal)) why = "a brace is closed that was not opened";
            var close = open < 0 ? text.Length - 1 : text.IndexOf('}', open);
            if (close < 0) why = "a brace is not closed";
            if (why is not null) return false;
            var segment = -1;
            if (open >= 0 && (segment = PathValue.IndexOf(text[(open + 1)..close], segments)) < 0)
            {
                why = "a name in braces is none of the route's path";
                return false;
            }

            pieces.Add((literal, segment));
            at = close + 1;
        }

        id = new ResourceId([.. pieces], segments);
        return true;
    }

    /// <summary>The id for a request's path; null when its octets are no UTF-8.</summary>
    public string? For(string path)
    {
        if (_pieces is [("", >= 0 and var only)] && PathValue.Of(_segments, only, path) is var value && !value.Contains('%')) return value.ToString();
        var text = new StringBuilder();
        foreach (var (literal, segment) in _pieces)
        {
            text.Append(literal);
            if (segment >= 0 && !PathValue.TryDecode(PathValue.Of(_segments, segment, path), text)) return null;
        }

        return text.ToString();
    }
}
