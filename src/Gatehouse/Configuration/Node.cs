namespace Gatehouse.Configuration;

/// <summary>A piece of a declaration's text: a scalar, a list or a map, with the place where it begins.</summary>
internal abstract record Node(Place Place)
{
    /// <summary>What this is, in words a finding can use.</summary>
    public abstract string Describe();
}

/// <param name="Text">The scalar's text, unescaped.</param>
/// <param name="Quoted">Quoted scalars are always text; plain ones may be read as a number, a flag or nothing.</param>
internal sealed record ScalarNode(Place Place, string Text, bool Quoted) : Node(Place)
{
    public bool IsNothing => !Quoted && Text is "" or "~" or "null";

    public override string Describe() => IsNothing ? "nothing" : "text";
}

internal sealed record ListNode(Place Place, IReadOnlyList<Node> Items) : Node(Place)
{
    public override string Describe() => "a list";
}

internal sealed record MapEntry(string Key, Place KeyPlace, Node Value);

/// <param name="Entries">In the order written. Names are unique: a second entry of one name is a finding and is dropped.</param>
internal sealed record MapNode(Place Place, IReadOnlyList<MapEntry> Entries) : Node(Place)
{
    public Node? this[string key] => Entry(key)?.Value;

    /// <summary>The entry of this name, or null.</summary>
    public MapEntry? Entry(string key)
    {
        foreach (var entry in Entries)
            if (entry.Key == key) return entry;
        return null;
    }

    /// <summary>The map with this value under the name, which keeps its place in the text.</summary>
    public MapNode With(string key, Node value) => With(Entry(key)! with { Value = value });

    /// <summary>The map with this entry instead of the one of the same name, or as its last.</summary>
    public MapNode With(MapEntry entry) =>
        this with { Entries = Entry(entry.Key) is { } old ? [.. Entries.Select(e => ReferenceEquals(e, old) ? entry : e)] : [.. Entries, entry] };

    public override string Describe() => "a map";
}
