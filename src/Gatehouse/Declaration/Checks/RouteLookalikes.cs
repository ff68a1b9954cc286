using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>
/// Paths are told apart by case and by a slash at the end; many services do neither. Where a path that differs from a route's by no more is for
/// another route of the listener, that one must let in nobody else: the service may take it for the first.
/// </summary>
internal static class RouteLookalikes
{
    private const int MostFindings = 100;

    public static void Check(Draft draft)
    {
        var routes = new List<Route>();
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var text in draft.Routes)
        {
            if (text.Complete() is not { } route) continue;
            routes.Add(route);
            places[route.Id.Value] = text.MatchPlace;
        }

        var said = new HashSet<(RouteId, RouteId)>();
        foreach (var serves in draft.Listeners.Select(l => l.Value?.Serves).OfType<IReadOnlySet<Exposure>>())
            foreach (var (path, taken, meant) in Find([.. routes.Where(r => serves.Contains(r.Exposure))]))
            {
                if (said.Count == MostFindings || !said.Add((taken.Id, meant.Id))) continue; // two listeners may serve the same two routes
                draft.Findings.Add(Rules.Overlap.Lesser(), places[taken.Id.Value],
                    $"{taken.Match.Method} {Show.Bounded(path)} is for route {taken.Id}, which lets in others than route {meant.Id} ({places[meant.Id.Value]}); a service that takes the two paths for one gives away what the second guards",
                    "let the same callers in, change one path, or make sure that the service tells case and a slash at the end apart");
            }
    }

    /// <summary>Routes that take a path which looks like one of another's, and let in whom that one does not.</summary>
    private static IEnumerable<(string Path, Route Taken, Route Meant)> Find(List<Route> routes)
    {
        var roots = PathNode.ByMethod([.. routes.Select(r => r.Match)]);
        foreach (var meant in routes.Where(r => r.Access.Anonymous is null))
            foreach (var path in LookalikesOf(meant.Match.Path))
                foreach (var taken in (Find(roots[meant.Match.Method], path, 0) ?? []).Select(i => routes[i]))
                    if (LetsInOthers(taken.Access, meant.Access) && !Claim.Contradicts(taken.Match, meant.Match))
                        yield return ("/" + string.Join('/', path), taken, meant);
    }

    /// <summary>The segments of paths that differ from what the template stands for in the case of one segment, or in a slash at the end.</summary>
    private static IEnumerable<string[]> LookalikesOf(PathTemplate template)
    {
        string[] path = [.. template.Segments.Select(s => s.Kind == SegmentKind.Literal ? s.Prefix : s.Prefix + "x" + s.Suffix)];
        for (var i = 0; i < path.Length; i++)
        {
            var (text, other) = (template.Segments[i].Prefix, template.Segments[i].Prefix.ToUpperInvariant());
            if (template.Segments[i].Kind != SegmentKind.Literal || text.Contains('%', StringComparison.Ordinal)) continue;
            if (other == text) other = text.ToLowerInvariant();
            if (other != text) yield return [.. path[..i], other, .. path[(i + 1)..]];
        }

        if (path[^1].Length == 0 && path.Length > 1) yield return path[..^1];
        else if (path[^1].Length > 0) yield return [.. path, ""];
    }

    /// <summary>The routes whose path this is, the strongest there are; null for none.</summary>
    private static List<int>? Find(PathNode node, string[] path, int at)
    {
        if (at == path.Length) return node.Routes.Count > 0 ? node.Routes : null;
        if (node.Literals?.GetValueOrDefault(path[at]) is { } literal && Find(literal, path, at + 1) is { } exact) return exact;
        foreach (var (segment, next) in node.Affixed ?? [])
            if (segment.Matches(path[at]) && Find(next, path, at + 1) is { } affixed) return affixed;
        if (node.Name is { } name && path[at].Length > 0 && Find(name, path, at + 1) is { } named) return named;
        return node.Rest is { } rest && path[at..].Any(s => s.Length > 0) ? rest.Routes : null;
    }

    /// <summary>Whether the first may let in whom the second does not.</summary>
    private static bool LetsInOthers(Access first, Access second) =>
        first.Anonymous is not null
        || first.Consumers.Except(second.Consumers).Any()
        || second.Scopes.Except(first.Scopes).Any()
        || second.Claims.Any(asked => !first.Claims.Any(claim => claim.Name == asked.Name && !claim.Values.Except(asked.Values).Any()))
        || (second.People.Count == 0 ? first.People.Count > 0 : first.People.Count == 0 || first.People.Except(second.People).Any());
}
