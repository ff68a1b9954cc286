namespace Gatehouse.Configuration;

/// <summary>Reads the entries of one map by their keys and complains about every entry that no key names.</summary>
internal sealed class SectionReader
{
    private readonly MapNode _map;

    public SectionReader(string section, IReadOnlyList<Key> keys, MapNode map, Findings findings)
    {
        Section = section;
        _map = map;
        Findings = findings;
        foreach (var entry in map.Entries) Check(entry, keys);
        foreach (var key in keys)
            if (key.Required && map[key.Name] is null)
                findings.Add(Rules.MissingKey, map.Place, $"{section} needs '{key.Name}'", $"{key.Name}: {key.Doc}");
    }

    public string Section { get; }

    public Findings Findings { get; }

    /// <summary>Where the section begins.</summary>
    public Place Place => _map.Place;

    public bool Has(Key key) => _map[key.Name] is not null;

    /// <summary>The place of an entry's value, or of the section when the entry is not there.</summary>
    public Place PlaceOf(Key key) => _map[key.Name]?.Place ?? _map.Place;

    /// <summary>The entry's value with its place; null when it is absent or could not be read (which has been said).</summary>
    public Located<T>? Find<T>(Key<T> key)
    {
        var node = _map[key.Name];
        if (node is null || !key.IsRead || IsUndecided(key, node)) return null;
        return key.Shape.TryRead(node, Findings, out var value) ? new Located<T>(value, node.Place) : null;
    }

    /// <summary>
    /// Complains about every value, read or not: what nobody asks for must be right too, or a misspelt control in it would be silently
    /// absent.
    /// </summary>
    public void CheckAll(IReadOnlyList<Key> keys)
    {
        foreach (var key in keys)
            if (key.IsRead && _map[key.Name] is { } node && !IsUndecided(key, node)) key.Shape.Check(node, Findings);
    }

    public T? Get<T>(Key<T> key)
        where T : class
        => Find(key)?.Value;

    public T Get<T>(Key<T> key, T otherwise) => Find(key) is { } found ? found.Value : otherwise;

    public void Complain(Rule rule, Key key, string message, string? hint = null) => Findings.Add(rule, PlaceOf(key), message, hint);

    private bool IsUndecided(Key key, Node node)
    {
        if (node is not ScalarNode { Text: "undecided" }) return false;
        Findings.Add(Rules.Undecided, node.Place, $"'{key.Name}' is still to be decided", $"{key.Name}: {key.Doc}");
        return true;
    }

    private void Check(MapEntry entry, IReadOnlyList<Key> keys)
    {
        foreach (var key in keys)
        {
            if (key.Name != entry.Key) continue;
            if (key.NotYet is not null)
                Findings.Add(Rules.NotYetEnforced, entry.KeyPlace, $"'{entry.Key}' in {Section} is not yet enforced", key.NotYet);
            if (key.NotHere is not null)
                Findings.Add(Rules.Environment, entry.KeyPlace, $"'{entry.Key}' may not stand in {Section}", key.NotHere);
            return;
        }

        Findings.Add(Rules.UnknownKey, entry.KeyPlace, $"unknown key '{Show.Bounded(entry.Key)}' in {Section}",
            Nearest.Hint(entry.Key, keys.Where(k => k.IsRead).Select(k => k.Name)));
    }
}
