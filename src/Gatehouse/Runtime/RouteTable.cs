using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>
/// Finds the one route of a listener that a request is for. Of the routes whose method, path and conditions match, the strongest claim wins:
/// <list type="number">
/// <item>Paths are compared segment by segment from the left: a literal is stronger than a name with text around it, that than a name alone, that
/// than a rest. Of two names with text around them, one whose prefix and suffix extend the other's is stronger.</item>
/// <item>Of routes with the same path, one whose hosts, header fields and query parameters refine the other's is stronger.</item>
/// </list>
/// Any other two that could match one request have an equal claim, and a declaration with them does not load (<see cref="RouteOverlap"/>).
/// There is one tree of segments for each method; a step that leads nowhere is taken back. Because it is a tree and the path is given, a search
/// comes to each node at most once: its cost is bounded by the table's size whatever the path, and it is at most 64 steps deep. Only a
/// refusal with <c>Allow</c> allocates.
/// </summary>
internal sealed class RouteTable
{
    private readonly CompiledRoute[] _routes;
    private readonly MethodRoutes[] _methods;

    private RouteTable(CompiledRoute[] routes, MethodRoutes[] methods) => (_routes, _methods) = (routes, methods);

    public IReadOnlyList<CompiledRoute> Routes => _routes;

    /// <summary>Compiles a table. The routes' matches are known not to be ambiguous (<see cref="Declaration"/> has refused those that are).</summary>
    public static RouteTable Compile(IEnumerable<CompiledRoute> routes)
    {
        CompiledRoute[] all = [.. routes];
        var trees = PathNode.ByMethod([.. all.Select(r => r.Route.Match)]);
        var parts = new TableParts(all);
        return new RouteTable(all, [.. trees.Select(t => new MethodRoutes(t.Key, RouteNode.Compile(t.Value, parts)))]);
    }

    /// <summary>
    /// The route for this exchange's method, path, host, header fields and query; or which methods have a route for this path and host. A request in
    /// which a condition of the strongest claim cannot be judged, because the header field or parameter occurs more than once, has no route.
    /// </summary>
    public RouteMatchResult Find(Exchange exchange)
    {
        Span<int> starts = stackalloc int[PathTemplate.MostSegments + 1];
        var count = RouteSearch.Split(exchange.Path, starts);
        if (count == 0) return default;
        var own = Search(exchange, exchange.Method, starts[..(count + 1)]);
        return own.Route is not null ? own : own with { Allow = AllowOfOthers(exchange, starts[..(count + 1)]) };
    }

    /// <summary>What <see cref="Find"/> says of other methods where it finds none of the routes that are hidden from the client.</summary>
    public string? AllowWhereHidden(Exchange exchange)
    {
        Span<int> starts = stackalloc int[PathTemplate.MostSegments + 1];
        var count = RouteSearch.Split(exchange.Path, starts);
        return count == 0 ? null : AllowOfOthers(exchange, starts[..(count + 1)]);
    }

    /// <summary>
    /// The route that answers the question whether this exchange's path may be called by this method, and what any other <c>OPTIONS</c> would be
    /// told; null where no such route is opened to other sites.
    /// </summary>
    public RouteMatchResult? FindForPreflight(Exchange exchange, string method)
    {
        Span<int> starts = stackalloc int[PathTemplate.MostSegments + 1];
        var count = RouteSearch.Split(exchange.Path, starts);
        if (count == 0) return null;
        var asked = Search(exchange, method, starts[..(count + 1)]).Route;
        return asked is { AnswersPreflights: true } ? new RouteMatchResult(asked, Allow(exchange, starts[..(count + 1)]) ?? "", false) : null;
    }

    private RouteMatchResult Search(Exchange exchange, string name, ReadOnlySpan<int> starts)
    {
        foreach (var method in _methods)
        {
            if (method.Name != name) continue;
            var search = new RouteSearch(exchange, starts);
            search.FindRoute(method.Root);
            return new RouteMatchResult(search.Route, null, search.IsUnclear);
        }

        return default;
    }

    /// <summary>The same as <see cref="Allow"/>, but null where the exchange's own method is among them: it is not the method then.</summary>
    private string? AllowOfOthers(Exchange exchange, ReadOnlySpan<int> starts)
    {
        foreach (var method in _methods)
            if (method.Name == exchange.Method && IsServed(exchange, method, starts)) return null;
        return Allow(exchange, starts);
    }

    /// <summary>The methods that have a route for this path and host, hidden ones left out, in ordinal order; null when there are none.</summary>
    private string? Allow(Exchange exchange, ReadOnlySpan<int> starts)
    {
        List<string>? names = null;
        foreach (var method in _methods)
            if (IsServed(exchange, method, starts)) (names ??= []).Add(method.Name);
        return names is null ? null : string.Join(", ", names);
    }

    private static bool IsServed(Exchange exchange, in MethodRoutes method, ReadOnlySpan<int> starts)
    {
        var search = new RouteSearch(exchange, starts);
        search.FindPath(method.Root);
        return search.IsPathServed;
    }

    private readonly record struct MethodRoutes(string Name, RouteNode Root);
}

/// <param name="Route">The route, or null when there is none.</param>
/// <param name="Allow">When there is none but other methods have one: their names as the value of <c>Allow</c> (RFC 9110 section 10.2.1); otherwise
/// null.</param>
/// <param name="IsUnclear">Whether there is none because a header field or parameter that decides occurs more than once.</param>
internal readonly record struct RouteMatchResult(CompiledRoute? Route, string? Allow, bool IsUnclear);
