using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>
/// <c>match</c>: which requests are the route's. Either <c>GET /orders/{id}</c>, or a map that can also name hosts, header fields and query
/// parameters.
/// </summary>
internal sealed class MatchShape : Shape<MatchText>
{
    private const string ShortPattern = "^[A-Z][A-Z-]{0,31} +/[^ +]*$";

    public override bool TryRead(Node node, Findings findings, out MatchText value)
    {
        if (node is not ScalarNode scalar) return MatchSection.Shape.TryRead(node, findings, out value);
        value = null!;
        var blank = scalar.Text.IndexOf(' ', StringComparison.Ordinal);
        if (blank <= 0 || scalar.IsNothing)
        {
            findings.Add(
                Rules.WrongType, node.Place, $"'{Show.Bounded(scalar.Text)}' is not a method and a path", "write match: GET /orders/{orderId}");
            return false;
        }

        value = new MatchText(new(scalar.Text[..blank], node.Place), new(scalar.Text[blank..].Trim(), node.Place), [], [], []);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string", ["pattern"] = ShortPattern }, MatchSection.Shape.ToSchema(schema)),
    };
}

internal static class MatchSection
{
    private const string FieldPattern = "^[0-9A-Za-z-]{1,100}$";

    public static readonly Key<string> Method = new("method", Shapes.Text(32), "The method, exactly.") { Required = true };
    public static readonly Key<string> Path =
        new("path", Shapes.Text(2000), "The path's template: /orders/{orderId}, /files/{id}.json, /docs/{rest**}.") { Required = true };

    public static readonly Key<IReadOnlyList<Located<string>>> Hosts = new("hosts", Shapes.List(new LocatedShape<string>(Shapes.Host()), 1, 100),
        "The hosts, among those of the listener; every one unless written.");

    public static readonly Key<IReadOnlyList<Named<string>>> Headers =
        new("headers", Shapes.Map(Shapes.Text(), 10, "header field", IsField, FieldPattern),
        "Header fields that must be there with exactly this value.");

    public static readonly Key<IReadOnlyList<Named<string>>> Query =
        new("query", Shapes.Map(Shapes.Text(), 10, "query parameter", IsParameter, "^.{1,100}$"),
        "Query parameters that must be there with exactly this value.");

    public static readonly Shape<MatchText> Shape = new Section<MatchText>("a match", [Method, Path, Hosts, Headers, Query], text =>
    {
        var (method, path, hosts, headers, query) = (text.Find(Method), text.Find(Path), text.Get(Hosts), text.Get(Headers), text.Get(Query));
        CheckOnce((hosts ?? []).Select(h => (h.Value, h.Place)), "the host", StringComparer.Ordinal, text.Findings);
        CheckOnce((headers ?? []).Select(h => (h.Name, h.NamePlace)), "the header field", StringComparer.OrdinalIgnoreCase, text.Findings);
        CheckReach(headers ?? [], text.Findings);
        return method is null || path is null ? null : new MatchText(method.Value, path.Value, hosts ?? [], Conditions(headers), Conditions(query));
    });

    /// <summary>
    /// Which of two routes is the stronger is found by counting conditions: what stands twice would count twice and ask for nothing more. Keys are
    /// compared where the text is read; the names of header fields are the same in any case (RFC 9110 section 5.1).
    /// </summary>
    private static void CheckOnce(IEnumerable<(string Name, Place Place)> written, string what, StringComparer names, Findings findings)
    {
        var first = new Dictionary<string, Place>(names);
        foreach (var (name, place) in written)
            if (!first.TryAdd(name, place))
                findings.Add(Rules.DuplicateKey, place, $"{what} '{Show.Bounded(name)}' stands here twice", $"it stands at {first[name]} already");
    }

    /// <summary>No request has such a field when its route is looked for, so that a weaker route would be taken for all of them.</summary>
    private static void CheckReach(IReadOnlyList<Named<string>> headers, Findings findings)
    {
        foreach (var header in headers)
            if (HeaderRules.IsRemoved(header.Name))
                findings.Add(Rules.Contradiction, header.NamePlace,
                    $"'{header.Name}' is removed from every request before its route is looked for, so that no request meets this condition",
                    "tell the route by another header field");
    }

    private static IReadOnlyList<Condition> Conditions(IReadOnlyList<Named<string>>? written) =>
        [.. (written ?? []).Select(w => new Condition(w.Name, w.Value))];

    /// <summary>A request that has a field of another name is refused: an underscore is a hyphen to some servers.</summary>
    private static bool IsField(string text) => text.Length is > 0 and <= 100 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static bool IsParameter(string text) => text.Length is > 0 and <= 100 && !text.AsSpan().ContainsAnyInRange('\0', '\u001f');
}

internal sealed record MatchText(
    Located<string> Method, Located<string> Path, IReadOnlyList<Located<string>> Hosts, IReadOnlyList<Condition> Headers,
        IReadOnlyList<Condition> Query);
