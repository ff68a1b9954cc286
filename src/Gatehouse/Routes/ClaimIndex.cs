namespace Gatehouse.Routes;

/// <summary>
/// Of many routes that match the same paths (one for each tenant's host, say), finds for one of them those that it does not contradict at first
/// sight, without comparing each with each.
/// </summary>
internal sealed class ClaimIndex
{
    /// <summary>More would cost more than they save: the rarest names tell the least.</summary>
    private const int MostAspects = 8;

    private readonly IReadOnlyList<RouteMatch> _matches;
    private readonly List<int> _all;
    private readonly List<int> _unconditional = [];
    private readonly Dictionary<string, Aspect> _aspects = new(StringComparer.Ordinal);

    /// <param name="routes">Indices of routes, in ascending order.</param>
    public ClaimIndex(IReadOnlyList<RouteMatch> matches, List<int> routes)
    {
        (_matches, _all) = (matches, routes);
        var names = routes.SelectMany(r => Values(matches[r]).Select(v => v.Aspect).Distinct()).CountBy(name => name);
        foreach (var (name, _) in names.OrderByDescending(n => n.Value).ThenBy(n => n.Key, StringComparer.Ordinal).Take(MostAspects))
            _aspects.Add(name, new Aspect());
        foreach (var route in routes) Add(route);
    }

    /// <summary>The routes before this one that may have an equal claim, each once.</summary>
    public IEnumerable<int> CandidatesBefore(int route)
    {
        if (!Values(_matches[route]).Any()) return Before(_unconditional, route); // any condition at all makes a route stronger than this one
        IEnumerable<int>? best = null;
        var fewest = _all.Count;
        foreach (var values in Values(_matches[route]).GroupBy(v => v.Aspect))
        {
            if (!_aspects.TryGetValue(values.Key, out var aspect)) continue;
            var lists = values.Select(v => aspect.With[v.Value]).Append(aspect.Without).ToList();
            var count = lists.Sum(l => l.Count);
            if (count < fewest) (best, fewest) = (lists.SelectMany(l => Before(l, route)).Distinct(), count);
        }

        return best ?? Before(_all, route);
    }

    private void Add(int route)
    {
        var values = Values(_matches[route]).ToList();
        if (values.Count == 0) _unconditional.Add(route);
        foreach (var (name, aspect) in _aspects)
        {
            var here = values.Where(v => v.Aspect == name).ToList();
            if (here.Count == 0) aspect.Without.Add(route);
            foreach (var (_, value) in here) aspect.ListOf(value).Add(route);
        }
    }

    private static IEnumerable<int> Before(List<int> ascending, int route) => ascending.TakeWhile(r => r < route);

    /// <summary>What a route asks for, each with a name that cannot be mistaken for another's.</summary>
    private static IEnumerable<(string Aspect, string Value)> Values(RouteMatch match) =>
        match.Hosts.Select(h => ("host", h))
            .Concat(match.Headers.Select(c => ("header " + c.Name.ToUpperInvariant(), c.Value)))
            .Concat(match.Query.Select(c => ("query " + c.Name, c.Value)));

    private sealed class Aspect
    {
        public Dictionary<string, List<int>> With { get; } = new(StringComparer.Ordinal);

        public List<int> Without { get; } = [];

        public List<int> ListOf(string value)
        {
            if (!With.TryGetValue(value, out var list)) With.Add(value, list = []);
            return list;
        }
    }
}
