using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>revocation</c> of a listener's tls: the lists, and what holds while one is stale or missing.</summary>
internal static class RevocationSection
{
    public static readonly Key<IReadOnlyList<Located<string>>> Lists = new(
        "lists",
        Shapes.List(new LocatedShape<string>(new RevocationListShape()), 1, 20),
        "Revocation lists (RFC 5280, PEM or DER) of every authority on the way to a client: files, or addresses such as http://ca.partner.example/a.crl.")
    {
        Required = true,
    };

    public static readonly Key<TimeSpan> Refresh = new(
        "refresh",
        Shapes.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)),
        "How often addresses are asked; 15m unless written.");

    public static readonly Key<Located<StaleAllowance?>> WhenStale =
        new("whenStale", new WhenStaleShape(), "What holds while a list is stale or missing; deny unless written.");

    public static readonly Section<RevocationText> Shape = new("revocation", [Lists, Refresh, WhenStale], text =>
    {
        var lists = text.Get(Lists);
        var refresh = text.Get(Refresh, new ClientAuthorities([]).Refresh);
        var stale = text.Find(WhenStale)?.Value;
        foreach (var list in lists ?? [])
            if (IsAddress(list.Value) && !Uri.TryCreate(list.Value, UriKind.Absolute, out _))
                text.Findings.Add(Rules.WrongType, list.Place, $"'{Show.Bounded(list.Value)}' is no address");
        return lists is null ? null : new RevocationText(lists, refresh)
        {
            WhenStale = stale is { Value: { } allowance } found ? new Located<StaleAllowance>(allowance, found.Place) : null,
        };
    });

    public static bool IsAddress(string list) =>
        list.StartsWith("http://", StringComparison.Ordinal) || list.StartsWith("https://", StringComparison.Ordinal);
}

/// <summary>One list: a file, or the address of one.</summary>
internal sealed class RevocationListShape : Shape<string>
{
    private static readonly Shape<string> Text = DecisionShapes.File();

    public override bool TryRead(Node node, Findings findings, out string value)
    {
        value = "";
        if (node is not ScalarNode { Text: var written } || !WebAddressShape.MayNameUser(written)) return Text.TryRead(node, findings, out value);
        WebAddressShape.RefuseUser(node.Place, findings);
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => Text.ToSchema(schema);
}

/// <param name="Lists">Paths as written, and addresses.</param>
internal sealed record RevocationText(IReadOnlyList<Located<string>> Lists, TimeSpan Refresh)
{
    /// <summary>Null for deny.</summary>
    public Located<StaleAllowance>? WhenStale { get; init; }
}

/// <summary><c>deny</c>, or <c>{ allow: reason, owner: …, until: date, atMost: 1d }</c>.</summary>
internal sealed class WhenStaleShape : Shape<Located<StaleAllowance?>>
{
    private static readonly Shape<string> Deny = Shapes.OneOf(("deny", "deny"));
    private static readonly Key<string> Allow = new("allow", Shapes.Text(), "Why certificates may pass without a current list.") { Required = true };
    private static readonly Key<string> Owner = new("owner", Shapes.Owner(), "Who answers for it.") { Required = true };
    private static readonly Key<DateTimeOffset> Until =
        new("until", Shapes.Instant(), "When it ends (UTC); at most a year ahead.") { Required = true };

    private static readonly Key<TimeSpan> AtMost = new(
        "atMost",
        Shapes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(7)),
        "How long after a list has become stale; 1d unless written.");

    private static readonly Section<StaleAllowance> Allowed = new("what a stale list allows", [Allow, Owner, Until, AtMost], text =>
    {
        var (reason, owner, until, most) = (text.Get(Allow), text.Get(Owner), text.Find(Until), text.Get(AtMost, TimeSpan.FromDays(1)));
        return reason is null || owner is null || until is null ? null : new StaleAllowance(reason, owner, until.Value.Value, most);
    });

    public override bool TryRead(Node node, Findings findings, out Located<StaleAllowance?> value)
    {
        value = new Located<StaleAllowance?>(null, node.Place);
        if (node is not MapNode) return Deny.TryRead(node, findings, out _);
        if (!Allowed.TryRead(node, findings, out var allowance)) return false;
        value = new Located<StaleAllowance?>(allowance, node.Place);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Deny.ToSchema(schema), Allowed.ToSchema(schema)) };
}
