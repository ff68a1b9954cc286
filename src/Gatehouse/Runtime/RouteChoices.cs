using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>
/// The routes that match the same method and path and differ in what else they ask for, stronger ones first. Those that name hosts are found by the
/// host, so that a route for each of many tenants costs no more than one.
/// </summary>
internal sealed class RouteChoices
{
    private readonly Dictionary<string, RouteChoice[]>? _byHost;
    private readonly RouteChoice[] _forAnyHost;

    private RouteChoices(Dictionary<string, RouteChoice[]>? byHost, RouteChoice[] forAnyHost)
    {
        (_byHost, _forAnyHost) = (byHost, forAnyHost);
        if (byHost is null && forAnyHost is [var only] && only.Match is { Headers.Count: 0, Query.Count: 0 }) Only = only.Route;
    }

    /// <summary>The one route where there is one and it asks for nothing else, as most do; otherwise null.</summary>
    public CompiledRoute? Only { get; }

    /// <summary>The routes that name no host: weaker than those that do.</summary>
    public ReadOnlySpan<RouteChoice> ForAnyHost => _forAnyHost;

    public static RouteChoices Compile(List<int> indices, CompiledRoute[] routes)
    {
        // What refines another has more conditions, or as many and fewer hosts: no declaration has a condition or a host twice in a match.
        var choices = indices.Select(i => new RouteChoice(routes[i]))
            .OrderByDescending(c => c.Match.Headers.Count + c.Match.Query.Count)
            .ThenBy(c => c.Match.Hosts.Count)
            .ToList();
        if (choices.TrueForAll(c => c.Match.Hosts.Count == 0)) return new RouteChoices(null, [.. choices]);
        var byHost = choices.SelectMany(c => c.Match.Hosts.Select(host => (host, c)))
            .GroupBy(x => x.host, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Select(x => x.c).ToArray(), StringComparer.Ordinal);
        return new RouteChoices(byHost, [.. choices.Where(c => c.Match.Hosts.Count == 0)]);
    }

    /// <summary>The routes that name this host.</summary>
    public ReadOnlySpan<RouteChoice> ForHost(string host) => _byHost is not null && _byHost.TryGetValue(host, out var choices) ? choices : [];
}
