using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>access</c>: who may call. What is not written is denied.</summary>
internal static class AccessSection
{
    public static readonly Key<string> Anonymous = new("anonymous", Shapes.Text(), "Why anybody may call. Stands alone.");

    public static readonly Key<IReadOnlyList<Located<string>>> Consumers =
        new("consumers", Shapes.List(new LocatedShape<string>(DecisionShapes.Reference()), 1, 1000),
        "The consumers that may call, by name.");

    public static readonly Key<IReadOnlyList<Located<string>>> Scopes =
        new("scopes", Shapes.List(new LocatedShape<string>(DecisionShapes.Scope()), 1, 50),
        "The scopes that a caller has to hold, every one of them.");

    public static readonly Key<IReadOnlyList<Located<string>>> People =
        new("people", Shapes.List(new LocatedShape<string>(DecisionShapes.Reference()), 1, 50),
        "The people for whom a call has to be made, by name; one group is enough. Without it only calls that are made for nobody pass.");

    public static readonly Key<IReadOnlyList<ClaimCondition>> Claims =
        new("claims", new ClaimsShape(), "What the caller's token has to say: every claim that is named, each with one of its values.");

    public static readonly Shape<AccessText> Shape = new Section<AccessText>("access", [Anonymous, Consumers, People, Scopes, Claims], text =>
        new AccessText(text.Find(Anonymous), text.Get(Consumers) ?? [], text.Get(Scopes) ?? [], text.Has(Anonymous), text.Has(Consumers), text.Place)
        {
            People = text.Get(People) ?? [],
            SaysPeople = text.Has(People),
            Claims = text.Find(Claims),
            SaysClaims = text.Has(Claims),
        });
}

/// <param name="SaysAnonymous">Whether the key stands there at all, read or not.</param>
/// <param name="SaysConsumers">Whether the key stands there at all, read or not.</param>
internal sealed record AccessText(
    Located<string>? Anonymous, IReadOnlyList<Located<string>> Consumers, IReadOnlyList<Located<string>> Scopes, bool SaysAnonymous,
        bool SaysConsumers, Place Place)
{
    public IReadOnlyList<Located<string>> People { get; init; } = [];

    /// <summary>Whether the key stands there at all, read or not; a route whose people could not be read is not complete.</summary>
    public bool SaysPeople { get; init; }

    public Located<IReadOnlyList<ClaimCondition>>? Claims { get; init; }

    /// <summary>Whether the key stands there at all, read or not.</summary>
    public bool SaysClaims { get; init; }
}

/// <summary>Keeps the place of each value, so that a later finding can point at one of a list.</summary>
internal sealed class LocatedShape<T>(Shape<T> inner) : Shape<Located<T>>
{
    public override bool TryRead(Node node, Findings findings, out Located<T> value)
    {
        var read = inner.TryRead(node, findings, out var plain);
        value = new Located<T>(plain, node.Place);
        return read;
    }

    public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => inner.ToSchema(schema);
}
