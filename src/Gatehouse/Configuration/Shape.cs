using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>
/// What a piece of the declaration may look like. The same object reads it and describes it in the JSON Schema,
/// so the two cannot say different things.
/// </summary>
internal abstract class Shape
{
    /// <summary>The shape as JSON Schema 2020-12.</summary>
    public abstract JsonObject ToSchema(SchemaWriter schema);

    /// <summary>Reads a node only for what there is to complain about.</summary>
    public abstract void Check(Node node, Findings findings);
}

/// <summary>A shape whose values are read as <typeparamref name="T"/>.</summary>
internal abstract class Shape<T> : Shape
{
    /// <summary>Reads a node. Every complaint goes to <paramref name="findings"/>; false when no value can be given.</summary>
    public abstract bool TryRead(Node node, Findings findings, out T value);

    public sealed override void Check(Node node, Findings findings) => TryRead(node, findings, out _);
}

/// <summary>The value that was read, with its place: what a later finding about it points at.</summary>
internal readonly record struct Located<T>(T Value, Place Place);

/// <summary>A named entry of a section.</summary>
internal abstract class Key(string name, string doc)
{
    public string Name { get; } = name;

    /// <summary>What the entry means, for the schema and the reference page: one or two sentences.</summary>
    public string Doc { get; } = doc;

    public abstract Shape Shape { get; }

    /// <summary>True when the section cannot be read without the entry.</summary>
    public bool Required { get; init; }

    /// <summary>Not null: the entry's feature is still to come, and writing it is an error that says so. It is never ignored.</summary>
    public string? NotYet { get; init; }

    /// <summary>Not null: the entry belongs elsewhere and may not stand here, and this says why.</summary>
    public string? NotHere { get; init; }

    /// <summary>The same entry where a section can be read without it.</summary>
    public abstract Key Optional();

    /// <summary>Whether the entry has a value that counts.</summary>
    public bool IsRead => NotYet is null && NotHere is null;
}

internal sealed class Key<T>(string name, Shape<T> shape, string doc) : Key(name, doc)
{
    public override Shape<T> Shape { get; } = shape;

    public override Key Optional() => new Key<T>(Name, Shape, Doc) { NotYet = NotYet, NotHere = NotHere };
}
