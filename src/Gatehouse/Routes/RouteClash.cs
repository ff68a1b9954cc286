using System.Text;

namespace Gatehouse.Routes;

/// <summary>Two routes of one listener that could match the same request, and neither has the stronger claim.</summary>
/// <param name="A">The one that comes first among the listener's routes.</param>
/// <param name="Example">Such a request: <c>GET http://shop.example/a/b?x=1 with X-Mode: fast</c>; without a host, any will do.</param>
internal sealed record RouteClash(Route A, Route B, string Example)
{
    /// <param name="path">A path that both match.</param>
    public static RouteClash Of(Route a, Route b, string path)
    {
        var example = new StringBuilder(a.Match.Method).Append(' ');
        if (HostOf(a.Match, b.Match) is { } host) example.Append("http://").Append(host);
        example.Append(path);

        var mark = '?';
        foreach (var (name, value) in a.Match.Query.Union(b.Match.Query))
        {
            example.Append(mark).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            mark = '&';
        }

        var word = " with ";
        foreach (var (name, value) in a.Match.Headers.UnionBy(b.Match.Headers, c => c.Name, StringComparer.OrdinalIgnoreCase))
        {
            example.Append(word).Append(name).Append(": ").Append(value);
            word = " and ";
        }

        return new RouteClash(a, b, example.ToString());
    }

    private static string? HostOf(RouteMatch a, RouteMatch b)
    {
        foreach (var host in a.Hosts.Concat(b.Hosts))
            if ((a.Hosts.Count == 0 || a.Hosts.Contains(host)) && (b.Hosts.Count == 0 || b.Hosts.Contains(host))) return host;
        return null;
    }
}
