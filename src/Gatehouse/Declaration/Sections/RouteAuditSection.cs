using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>audit</c> of a route: what of it is recorded besides what has to be.</summary>
internal sealed class RouteAuditShape : Shape<IReadOnlyList<Located<string>>>
{
    private static readonly Key<IReadOnlyList<Located<string>>> Parameters = new("parameters",
        Shapes.List(new LocatedShape<string>(Shapes.Text(64)), 1, 16),
        "The names of path and query whose values may be read in the trail; never what says who somebody is.")
    {
        Required = true,
    };

    private static readonly Section<IReadOnlyList<Located<string>>> Section = new("a route's audit", [Parameters], text => text.Get(Parameters));

    /// <param name="value">The names whose values may be read.</param>
    public override bool TryRead(Node node, Findings findings, out IReadOnlyList<Located<string>> value)
    {
        if (node is MapNode) return Section.TryRead(node, findings, out value);
        value = [];
        if (node is ScalarNode { Text: "true", Quoted: false }) return true;
        findings.Add(Rules.WrongType, node.Place, "a route's 'audit' is true, or { parameters: [names] }",
            "less than what effect, personal data and exposure ask for cannot be recorded");
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) =>
        new() { ["anyOf"] = new JsonArray(new JsonObject { ["const"] = true }, Section.ToSchema(schema)) };
}

/// <summary>An entry of <c>about</c>: a part of the exchange and a name in it.</summary>
internal sealed class AboutShape : Shape<Located<(SubjectPart Part, string Name)>>
{
    private static readonly SubjectPart[] Parts = [SubjectPart.Token, SubjectPart.Path, SubjectPart.Query, SubjectPart.Response];

    public override bool TryRead(Node node, Findings findings, out Located<(SubjectPart Part, string Name)> value)
    {
        value = default;
        var text = node is ScalarNode { IsNothing: false } scalar ? scalar.Text : "";
        foreach (var part in Parts)
        {
            var word = AboutSource.Word(part) + ".";
            if (!text.StartsWith(word, StringComparison.Ordinal) || !IsName(text.AsSpan(word.Length))) continue;
            if (part == SubjectPart.Response && !NamesMembers(text)) continue;
            value = new((part, text[word.Length..]), node.Place);
            return true;
        }

        findings.Add(Rules.WrongType, node.Place,
            $"{(text.Length > 0 ? $"'{Show.Bounded(text)}'" : node.Describe())} does not say where an exchange says whom it is about",
            "token.sub, path.customerId, query.customer or response.order.customerId");
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) =>
        new() { ["type"] = "string", ["pattern"] = "^(token|path|query|response)\\.[A-Za-z_][A-Za-z0-9_.:/-]{0,63}$" };

    /// <summary>Each name within the one before: none of them is empty.</summary>
    private static bool NamesMembers(string text) => !text.EndsWith('.') && !text.Contains("..", StringComparison.Ordinal);

    private static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 64 || !(char.IsAsciiLetter(text[0]) || text[0] == '_')) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && !"_.:/-".Contains(c, StringComparison.Ordinal)) return false;
        return true;
    }
}
