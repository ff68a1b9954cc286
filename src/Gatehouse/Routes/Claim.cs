namespace Gatehouse.Routes;

/// <summary>
/// What a route asks of a request besides method and path: a host, header fields, query parameters. Header names are compared without regard to
/// case (RFC 9110 section 5.1), everything else exactly.
/// </summary>
internal static class Claim
{
    /// <summary>Whether no request can meet the conditions of both: their hosts are disjoint, or one name has to have two values.</summary>
    public static bool Contradicts(RouteMatch a, RouteMatch b) =>
        (a.Hosts.Count > 0 && b.Hosts.Count > 0 && !a.Hosts.Any(b.Hosts.Contains))
        || Contradicts(a.Headers, b.Headers, StringComparer.OrdinalIgnoreCase)
        || Contradicts(a.Query, b.Query, StringComparer.Ordinal);

    /// <summary>Whether every request that meets the conditions of <paramref name="a"/> meets those of <paramref name="b"/>.</summary>
    public static bool Refines(RouteMatch a, RouteMatch b) =>
        (b.Hosts.Count == 0 || (a.Hosts.Count > 0 && a.Hosts.All(b.Hosts.Contains)))
        && Includes(a.Headers, b.Headers, StringComparer.OrdinalIgnoreCase)
        && Includes(a.Query, b.Query, StringComparer.Ordinal);

    /// <summary>Whether, of two routes that match the same paths, some request would meet both and neither is the stronger.</summary>
    public static bool AreEqual(RouteMatch a, RouteMatch b) => !Contradicts(a, b) && Refines(a, b) == Refines(b, a);

    private static bool Contradicts(IReadOnlyList<Condition> a, IReadOnlyList<Condition> b, StringComparer names)
    {
        foreach (var x in a)
            foreach (var y in b)
                if (names.Equals(x.Name, y.Name) && x.Value != y.Value) return true;
        return false;
    }

    private static bool Includes(IReadOnlyList<Condition> more, IReadOnlyList<Condition> fewer, StringComparer names)
    {
        foreach (var x in fewer)
            if (!more.Any(y => names.Equals(x.Name, y.Name) && x.Value == y.Value)) return false;
        return true;
    }
}
