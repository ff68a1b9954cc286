namespace Gatehouse.Routes;

/// <summary>Which requests are a route's.</summary>
/// <param name="Method">The method, exactly (RFC 9110 section 9.1: methods are case-sensitive).</param>
/// <param name="Path">The template of the path.</param>
/// <param name="Hosts">The hosts, in lower case and without a port, each once; empty for every host of the listener.</param>
/// <param name="Headers">Conditions on header fields: a name, once, and the exact value; the request has to have the field exactly once.</param>
/// <param name="Query">Conditions on query parameters: a name, once, and the exact value, both as plain text; the request has to have the parameter
/// exactly once.</param>
internal sealed record RouteMatch(
    string Method,
    PathTemplate Path,
    IReadOnlyList<string> Hosts,
    IReadOnlyList<Condition> Headers,
    IReadOnlyList<Condition> Query)
{
    public override string ToString() => $"{Method} {Path}";
}

internal sealed record Condition(string Name, string Value);
