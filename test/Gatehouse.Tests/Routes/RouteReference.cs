using System.Text.RegularExpressions;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Tests.Routes;

/// <summary>What matching means, said as plainly as possible and slowly: every route is tried, every two that match are compared.</summary>
internal static class RouteReference
{
    /// <summary>The winner's index, or null; and the methods for <c>Allow</c>, or null.</summary>
    public static (int? Route, string? Allow) Find(IReadOnlyList<Route> routes, Exchange request)
    {
        var served = Enumerable.Range(0, routes.Count).Where(i => PathMatches(routes[i].Match, request) && HostMatches(routes[i].Match, request))
            .ToList();
        if (!served.Exists(i => routes[i].Match.Method == request.Method))
        {
            var methods = served.Select(i => routes[i].Match.Method).Distinct().Order(StringComparer.Ordinal).ToList();
            return (null, methods.Count == 0 ? null : string.Join(", ", methods));
        }

        // null: cannot be judged, because a name occurs more than once
        var open = served.Where(i => routes[i].Match.Method == request.Method).Select(i => (Index: i, Met: ConditionsMet(routes[i].Match, request)))
            .Where(r => r.Met != false).ToList();
        var strongest = open.Where(r => !open.Exists(o => Compare(routes[o.Index].Match, routes[r.Index].Match) > 0)).ToList();
        if (strongest.Count == 0 || strongest.Exists(r => r.Met is null)) return (null, null);
        Assert.Single(strongest);
        return (strongest[0].Index, null);
    }

    public static bool Matches(RouteMatch match, Exchange request) =>
        match.Method == request.Method && PathMatches(match, request) && HostMatches(match, request) && ConditionsMet(match, request) == true;

    /// <summary>
    /// Positive when <paramref name="a"/> has the stronger claim, negative when the other has, 0 when neither: for routes that match one request.
    /// </summary>
    public static int Compare(RouteMatch a, RouteMatch b)
    {
        for (var i = 0; i < Math.Min(a.Path.Segments.Count, b.Path.Segments.Count); i++)
        {
            var (x, y) = (a.Path.Segments[i] with { Name = null }, b.Path.Segments[i] with { Name = null });
            if (x == y) continue;
            if (x.Kind != y.Kind) return y.Kind - x.Kind;
            return Extends(x, y) ? 1 : Extends(y, x) ? -1 : 0;
        }

        return (Refines(a, b) ? 1 : 0) - (Refines(b, a) ? 1 : 0);
    }

    private static bool Extends(Segment a, Segment b) =>
        a.Prefix.StartsWith(b.Prefix, StringComparison.Ordinal) && Regex.IsMatch(a.Suffix, Ending(b.Suffix) + @"\z");

    private static bool Refines(RouteMatch a, RouteMatch b)
    {
        var hosts = b.Hosts.Count == 0 || (a.Hosts.Count > 0 && !a.Hosts.Except(b.Hosts).Any());
        return hosts && !b.Headers.Except(a.Headers).Any() && !b.Query.Except(a.Query).Any();
    }

    private static bool PathMatches(RouteMatch match, Exchange request)
    {
        var pattern = string.Concat(match.Path.Segments.Select(s => "/" + s.Kind switch
        {
            SegmentKind.Literal => Regex.Escape(s.Prefix),
            SegmentKind.Affixed => Regex.Escape(s.Prefix) + "[^/]+" + Ending(s.Suffix),
            SegmentKind.Name => "[^/]+",
            SegmentKind.Rest => ".+",
        }));
        return Regex.IsMatch(request.Path, $@"\A{pattern}\z") && request.Path.Count(c => c == '/') <= 64;
    }

    /// <summary>A suffix that does not begin inside a percent-encoded octet.</summary>
    private static string Ending(string suffix) => suffix.Length == 0 ? "" : "(?<!%)(?<!%.)" + Regex.Escape(suffix);

    private static bool HostMatches(RouteMatch match, Exchange request) => match.Hosts.Count == 0 || match.Hosts.Contains(request.Host);

    private static bool? ConditionsMet(RouteMatch match, Exchange request)
    {
        var query = request.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2));
        var parameters = query.Select(p => (Name: Uri.UnescapeDataString(p[0]), Value: Uri.UnescapeDataString(p.ElementAtOrDefault(1) ?? "")))
            .ToList();
        var judged = match.Headers.Select(c => Judge([.. request.RequestHeaders[c.Name]], c.Value))
            .Concat(match.Query.Select(c => Judge([.. parameters.Where(p => p.Name == c.Name).Select(p => p.Value)], c.Value)))
            .ToList();
        return judged.Contains(false) ? false : judged.Contains(null) ? null : true;
    }

    private static bool? Judge(string?[] values, string expected) => values.Length > 1 ? null : values.Length == 1 && values[0] == expected;
}
