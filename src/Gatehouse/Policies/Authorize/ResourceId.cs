using System.Diagnostics.CodeAnalysis;
using System.Text;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Authorize;

/// <summary>
/// A text with values of a route's path in it: <c>{orderId}</c>, <c>{shop}:{orderId}</c>. Where it has several, two calls about different things may
/// have the same text (<c>a:b</c> and <c>c</c>, <c>a</c> and <c>b:c</c>): only together with the values does it say which thing is meant.
/// </summary>
internal sealed class ResourceId
{
    private readonly (string Literal, int Name)[] _pieces;
    private readonly string[] _names;
    private readonly int[] _places;
    private readonly IReadOnlyList<Segment> _segments;

    /// <param name="pieces">With the index of the name that stands behind each literal; -1 for none.</param>
    /// <param name="places">The segment of each name.</param>
    private ResourceId((string Literal, int Name)[] pieces, string[] names, int[] places, IReadOnlyList<Segment> segments) =>
        (_pieces, _names, _places, _segments) = (pieces, names, places, segments);

    /// <summary>The names of the path that stand in it, each once, in their order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <param name="why">What is wrong, when something is.</param>
    public static bool TryCompile(
        string text, IReadOnlyList<Segment> segments, [NotNullWhen(true)] out ResourceId? id, [NotNullWhen(false)] out string? why)
    {
        (id, why) = (null, null);
        var pieces = new List<(string Literal, int Name)>();
        var (names, places) = (new List<string>(), new List<int>());
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            var literal = open < 0 ? text[at..] : text[at..open];
            if (literal.Contains('}', StringComparison.Ordinal)) why = "a brace is closed that was not opened";
            var close = open < 0 ? text.Length - 1 : text.IndexOf('}', open);
            if (close < 0) why = "a brace is not closed";
            if (why is not null) return false;
            var name = open < 0 ? -1 : IndexOf(text[(open + 1)..close], segments, names, places);
            if (open >= 0 && name < 0)
            {
                why = "a name in braces is none of the route's path";
                return false;
            }

            pieces.Add((literal, name));
            at = close + 1;
        }

        id = new ResourceId([.. pieces], [.. names], [.. places], segments);
        return true;
    }

    /// <summary>What <see cref="Names"/> stand for in a request's path, as a backend reads it; null when its octets are no UTF-8.</summary>
    public string[]? ValuesOf(string path)
    {
        var values = new string[_names.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var value = PathValue.Of(_segments, _places[i], path);
            if (!value.Contains('%'))
            {
                values[i] = value.ToString();
                continue;
            }

            var text = new StringBuilder(value.Length);
            if (!PathValue.TryDecode(value, text)) return null;
            values[i] = text.ToString();
        }

        return values;
    }

    /// <summary>The text with these values in it.</summary>
    public string With(string[] values)
    {
        if (_pieces is [("", >= 0 and var only)]) return values[only];
        var text = new StringBuilder();
        foreach (var (literal, name) in _pieces)
        {
            text.Append(literal);
            if (name >= 0) text.Append(values[name]);
        }

        return text.ToString();
    }

    /// <summary>The index of a name, which is added when it stands there for the first time; -1 when it is none of the path's.</summary>
    private static int IndexOf(string name, IReadOnlyList<Segment> segments, List<string> names, List<int> places)
    {
        var segment = PathValue.IndexOf(name, segments);
        if (segment < 0) return -1;
        if (names.IndexOf(name) is >= 0 and var known) return known;
        names.Add(name);
        places.Add(segment);
        return names.Count - 1;
    }
}
