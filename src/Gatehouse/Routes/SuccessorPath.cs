using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Gatehouse.Routes;

/// <summary>
/// Makes, of a request's path, the path at which the successor of its route answers the same: the successor's template with the values that its names
/// have in the request.
/// </summary>
internal sealed class SuccessorPath
{
    private readonly (string Literal, int Segment)[] _pieces;
    private readonly IReadOnlyList<Segment> _from;

    private SuccessorPath((string Literal, int Segment)[] pieces, IReadOnlyList<Segment> from) => (_pieces, _from) = (pieces, from);

    /// <param name="why">Why a request for <paramref name="from"/> does not say where to find <paramref name="to"/>: to be read after
    /// "because".</param>
    public static bool TryCompile(RouteMatch from, RouteMatch to, [NotNullWhen(true)] out SuccessorPath? path, [NotNullWhen(false)] out string? why)
    {
        path = null;
        why = to.Headers.Count > 0 || to.Query.Count > 0 ? "it asks for more than a method and a path"
            : to.Hosts.Count > 0 && (from.Hosts.Count == 0 || !from.Hosts.All(to.Hosts.Contains)) ? "it may be at another host"
            : null;
        if (why is not null) return false;

        var pieces = new List<(string Literal, int Segment)>();
        foreach (var segment in to.Path.Segments)
        {
            var source = -1;
            if (segment.Name is { } name && (source = PathValue.IndexOf(name, from.Path.Segments)) < 0)
            {
                why = $"nothing in the request stands for its {{{name}}}";
                return false;
            }

            if (segment.Kind == SegmentKind.Rest != (source >= 0 && from.Path.Segments[source].Kind == SegmentKind.Rest))
            {
                why = $"its {{{segment.Name}}} does not stand for as much";
                return false;
            }

            pieces.Add(("/" + segment.Prefix, source));
            if (segment.Suffix.Length > 0) pieces.Add((segment.Suffix, -1));
        }

        path = new SuccessorPath([.. pieces], from.Path.Segments);
        return true;
    }

    /// <param name="path">A path in normal form that the first template matches.</param>
    public string For(string path)
    {
        var text = new StringBuilder(path.Length + 16);
        foreach (var (literal, segment) in _pieces)
        {
            text.Append(literal);
            if (segment >= 0) text.Append(PathValue.Of(_from, segment, path));
        }

        return text.ToString();
    }
}
