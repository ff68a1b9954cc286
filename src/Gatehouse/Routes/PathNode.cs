namespace Gatehouse.Routes;

/// <summary>
/// A tree of path templates, one step a segment. Templates that differ only in their names end in the same node, so that two routes of one node
/// match exactly the same paths. Routes are known by their index in the list that the tree was made from.
/// </summary>
internal sealed class PathNode
{
    public Dictionary<string, PathNode>? Literals { get; private set; }

    /// <summary>Keyed by segments without their name.</summary>
    public Dictionary<Segment, PathNode>? Affixed { get; private set; }

    public PathNode? Name { get; private set; }

    /// <summary>A leaf: what stands for everything that is left.</summary>
    public PathNode? Rest { get; private set; }

    /// <summary>The routes whose templates end here, in the list's order.</summary>
    public List<int> Routes { get; } = [];

    /// <summary>One tree for each method, in ordinal order of the methods. What another method has never hides a route.</summary>
    public static SortedDictionary<string, PathNode> ByMethod(IReadOnlyList<RouteMatch> matches)
    {
        var roots = new SortedDictionary<string, PathNode>(StringComparer.Ordinal);
        for (var i = 0; i < matches.Count; i++)
        {
            if (!roots.TryGetValue(matches[i].Method, out var node)) roots.Add(matches[i].Method, node = new PathNode());
            foreach (var segment in matches[i].Path.Segments) node = node.Step(segment);
            node.Routes.Add(i);
        }

        return roots;
    }

    private PathNode Step(Segment segment) => segment.Kind switch
    {
        SegmentKind.Literal => Step(Literals ??= new(StringComparer.Ordinal), segment.Prefix),
        SegmentKind.Affixed => Step(Affixed ??= [], segment with { Name = null }),
        SegmentKind.Name => Name ??= new PathNode(),
        SegmentKind.Rest => Rest ??= new PathNode(),
    };

    private static PathNode Step<TKey>(Dictionary<TKey, PathNode> steps, TKey key)
        where TKey : notnull
    {
        if (!steps.TryGetValue(key, out var node)) steps.Add(key, node = new PathNode());
        return node;
    }
}
