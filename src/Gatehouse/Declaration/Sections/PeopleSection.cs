using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>people</c>: a group of people whom tokens of one issuer may speak for.</summary>
internal static class PeopleSection
{
    private static readonly Key<string> Issuer = new("issuer", DecisionShapes.Reference(), "The issuer whose tokens speak for them, by name.")
    {
        Required = true,
    };

    private static readonly Key<IReadOnlyList<ClaimCondition>> Claims =
        new("claims", new ClaimsShape(), "What their tokens have to say: every claim that is named, each with one of its values.");

    public static readonly Shape<PeopleText> Shape = new Section<PeopleText>("people", [Issuer, Claims], Read);

    private static PeopleText? Read(SectionReader text)
    {
        var (issuer, claims) = (text.Find(Issuer), text.Get(Claims));
        return issuer is null || (claims is null && text.Has(Claims)) ? null : new PeopleText(issuer.Value, claims ?? []);
    }
}

internal sealed record PeopleText(Located<string> Issuer, IReadOnlyList<ClaimCondition> Claims);

/// <summary>Claims of a token (RFC 7519 section 4) with the values of which each has to have one: <c>{ roles: [care, returns] }</c>.</summary>
internal sealed class ClaimsShape : Shape<IReadOnlyList<ClaimCondition>>
{
    private static readonly Shape<IReadOnlyList<Named<IReadOnlyList<string>>>> Map =
        Shapes.Map(Shapes.List(Shapes.Text(200), 1, 50), 20, "claim", IsClaim, "^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$");

    public override bool TryRead(Node node, Findings findings, out IReadOnlyList<ClaimCondition> value)
    {
        value = [];
        if (!Map.TryRead(node, findings, out var claims)) return false;
        foreach (var claim in claims)
            if (claim.Value.Contains("*"))
                findings.Add(Rules.Wildcard, claim.Place, $"'*' would be a value of the claim '{claim.Name}' like any other", "name each value");
        value = [.. claims.Select(c => new ClaimCondition(c.Name, c.Value))];
        if (value.Count > 0 || node is not MapNode { Entries.Count: 0 }) return value.Count == ((MapNode)node).Entries.Count;
        findings.Add(Rules.WrongType, node.Place, "no claim is named here", "claims: { roles: [care] }, or no claims at all");
        return false;
    }

    public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema)
    {
        var map = Map.ToSchema(schema);
        map["minProperties"] = 1;
        return map;
    }

    private static bool IsClaim(string name) =>
        name.Length is > 0 and <= 100 && char.IsAsciiLetter(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || "_.:/-".Contains(c, StringComparison.Ordinal));
}
