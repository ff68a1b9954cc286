namespace Gatehouse.Routes;

/// <summary>
/// Finds the routes of one listener between which some request could not be decided: both match it, and neither has the stronger claim in the order
/// that the room's README states. There are two ways to that. Either the routes match the same paths, and neither's conditions (hosts, header fields,
/// query) refine the other's; or their paths part at two segments such as <c>a{x}</c> and <c>{x}b</c>, neither of which extends the other.
/// </summary>
internal sealed class RouteOverlap
{
    /// <summary>How many are reported at most; who mends a hundred asks again.</summary>
    public const int MostClashes = 100;

    private readonly IReadOnlyList<Route> _routes;
    private readonly RouteMatch[] _matches;
    private readonly List<RouteClash> _clashes = [];
    private readonly List<string> _path = [];

    private RouteOverlap(IReadOnlyList<Route> routes) => (_routes, _matches) = (routes, [.. routes.Select(r => r.Match)]);

    /// <summary>
    /// The clashes, each pair once. A tree of the templates leads only to pairs whose paths can meet, so that routes which differ cost nothing; only
    /// siblings such as <c>a{x}</c> and <c>{x}b</c> are followed pair by pair. In an example, a third route with a stronger claim than both may win.
    /// </summary>
    public static IEnumerable<RouteClash> Find(IReadOnlyList<Route> routesOfOneListener)
    {
        var overlap = new RouteOverlap(routesOfOneListener);
        foreach (var root in PathNode.ByMethod(overlap._matches).Values) overlap.Walk(root);
        return overlap._clashes;
    }

    private bool IsFull => _clashes.Count >= MostClashes;

    private void Walk(PathNode node)
    {
        CompareConditions(node.Routes);
        foreach (var (text, next) in node.Literals ?? []) Under(text, () => Walk(next));
        foreach (var (segment, next) in node.Affixed ?? []) Under(Fill(segment.Prefix, segment.Suffix, node, node), () => Walk(next));
        if (node.Name is { } name) Under(Fill("", "", node, node), () => Walk(name));
        if (node.Rest is { } rest) Under(Fill("", "", node, node), () => CompareConditions(rest.Routes));
        if (node.Affixed is { Count: > 1 }) CompareAffixed(node, node.Affixed);
    }

    private void CompareConditions(List<int> routes)
    {
        if (routes.Count < 2) return;
        var index = new ClaimIndex(_matches, routes);
        foreach (var b in routes)
            foreach (var a in index.CandidatesBefore(b))
            {
                if (IsFull) return;
                if (Claim.AreEqual(_matches[a], _matches[b])) Report(a, b);
            }
    }

    /// <summary>
    /// Neither of two segments that can meet extends the other exactly when one has the longer prefix and the other the longer suffix: so each is
    /// looked for among the beginnings and endings of the others.
    /// </summary>
    private void CompareAffixed(PathNode node, Dictionary<Segment, PathNode> affixed)
    {
        var beginnings = affixed.Keys.Select(s => s.Prefix.Length).Distinct().ToList();
        var endings = affixed.Keys.Select(s => s.Suffix.Length).Distinct().ToList();
        var byEnding = affixed
            .SelectMany(a =>
                endings.Where(length => length < a.Key.Suffix.Length).Select(length => (a.Key.Prefix, Ending: a.Key.Suffix[^length..], Step: a)))
            .Where(a => Segment.EndsWith(a.Step.Key.Suffix, a.Ending))
            .ToLookup(a => (a.Prefix, a.Ending), a => a.Step);

        foreach (var (segment, next) in affixed)
            foreach (var length in beginnings.Where(length => length < segment.Prefix.Length))
                foreach (var (other, otherNext) in byEnding[(segment.Prefix[..length], segment.Suffix)])
                    Under(Fill(segment.Prefix, other.Suffix, node, node), () => Meet(next, otherNext));
    }

    /// <summary>Compares everything below two nodes, one of which has been reached by each route, over the same segments of some path.</summary>
    private void Meet(PathNode a, PathNode b)
    {
        if (IsFull) return;
        MeetAll(a.Routes, b.Routes);
        foreach (var (text, next) in a.Literals ?? [])
            if (b.Literals?.GetValueOrDefault(text) is { } other) Under(text, () => Meet(next, other));
        foreach (var (x, nextX) in a.Affixed ?? [])
            foreach (var (y, nextY) in b.Affixed ?? [])
            {
                var prefix = x.Prefix.Length > y.Prefix.Length ? x.Prefix : y.Prefix;
                var suffix = x.Suffix.Length > y.Suffix.Length ? x.Suffix : y.Suffix;
                var text = Fill(prefix, suffix, a, b);
                if (x.Matches(text) && y.Matches(text)) Under(text, () => Meet(nextX, nextY));
            }

        if (a.Name is { } nameA && b.Name is { } nameB) Under(Fill("", "", a, b), () => Meet(nameA, nameB));
        if (a.Rest is { } restA && b.Rest is { } restB) Under(Fill("", "", a, b), () => MeetAll(restA.Routes, restB.Routes));
        MeetWeaker(a, b);
        MeetWeaker(b, a);
    }

    /// <summary>The steps of one node with those steps of the other that are of a weaker kind.</summary>
    private void MeetWeaker(PathNode a, PathNode b)
    {
        foreach (var (text, next) in a.Literals ?? [])
        {
            foreach (var (segment, other) in b.Affixed ?? [])
                if (segment.Matches(text)) Under(text, () => Meet(next, other));
            if (b.Name is { } name && text.Length > 0) Under(text, () => Meet(next, name));
        }

        foreach (var (segment, next) in a.Affixed ?? [])
            if (b.Name is { } name) Under(Fill(segment.Prefix, segment.Suffix, a, b), () => Meet(next, name));

        if (b.Rest is { } rest) MeetRest(a, rest.Routes, isFirst: true);
    }

    /// <summary>
    /// Everything below a node with routes whose rest begins there. A rest is at least one character, and a rest has met other rests elsewhere.
    /// </summary>
    private void MeetRest(PathNode node, List<int> rest, bool isFirst)
    {
        if (IsFull) return;
        if (!isFirst) MeetAll(node.Routes, rest);
        foreach (var (text, next) in node.Literals ?? [])
            if (!isFirst || text.Length > 0) Under(text, () => MeetRest(next, rest, isFirst: false));
        foreach (var (segment, next) in node.Affixed ?? [])
            Under(Fill(segment.Prefix, segment.Suffix, node, node), () => MeetRest(next, rest, isFirst: false));
        if (node.Name is { } name) Under(Fill("", "", node, node), () => MeetRest(name, rest, isFirst: false));
        if (node.Rest is { } deeper && !isFirst) Under(Fill("", "", node, node), () => MeetAll(deeper.Routes, rest));
    }

    private void MeetAll(List<int> a, List<int> b)
    {
        foreach (var x in a)
            foreach (var y in b)
                if (!IsFull && !Claim.Contradicts(_matches[x], _matches[y])) Report(Math.Min(x, y), Math.Max(x, y));
    }

    private void Report(int a, int b) => _clashes.Add(RouteClash.Of(_routes[a], _routes[b], "/" + string.Join('/', _path)));

    private void Under(string segment, Action walk)
    {
        _path.Add(segment);
        walk();
        _path.RemoveAt(_path.Count - 1);
    }

    /// <summary>A segment with something in the name's place that is none of the nodes' literals.</summary>
    private static string Fill(string prefix, string suffix, PathNode a, PathNode b)
    {
        var text = prefix + "x" + suffix;
        for (var i = 1; IsLiteral(a, text) || IsLiteral(b, text); i++) text = FormattableString.Invariant($"{prefix}x{i}{suffix}");
        return text;
    }

    private static bool IsLiteral(PathNode node, string text) => node.Literals?.ContainsKey(text) ?? false;
}
