using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Tests.Declaration;

/// <summary>Writes nodes as YAML again, and makes variants of them that differ in one place.</summary>
internal static class NodeText
{
    private static readonly Place Nowhere = new("variant", 1, 1);

    public static string Write(Node node)
    {
        var text = new StringBuilder();
        Write(node, text);
        return text.Append('\n').ToString();
    }

    /// <summary>The same declaration with the entries of every map in the opposite order.</summary>
    public static Node Reverse(Node node) => node switch
    {
        MapNode map => map with { Entries = [.. map.Entries.Reverse().Select(e => e with { Value = Reverse(e.Value) })] },
        ListNode list => list with { Items = [.. list.Items.Select(Reverse)] },
        _ => node,
    };

    /// <summary>Every variant in which one node is replaced, in turn, by each of <paramref name="others"/>.</summary>
    public static IEnumerable<Node> ReplacingEach(Node node, IReadOnlyList<Node> others)
    {
        foreach (var other in others) yield return other;
        foreach (var variant in Inside(node, child => ReplacingEach(child, others))) yield return variant;
    }

    /// <summary>Every variant in which one key of one map is written differently.</summary>
    public static IEnumerable<Node> RenamingEach(Node node)
    {
        if (node is MapNode map)
            for (var i = 0; i < map.Entries.Count; i++) yield return With(map, i, map.Entries[i] with { Key = map.Entries[i].Key + "x" });
        foreach (var variant in Inside(node, RenamingEach)) yield return variant;
    }

    /// <summary>Every variant in which one entry of one map is left out.</summary>
    public static IEnumerable<Node> OmittingEach(Node node)
    {
        if (node is MapNode map)
            for (var i = 0; i < map.Entries.Count; i++) yield return map with { Entries = [.. map.Entries.Where((_, index) => index != i)] };
        foreach (var variant in Inside(node, OmittingEach)) yield return variant;
    }

    public static Node Text(string text) => new ScalarNode(Nowhere, text, Quoted: true);

    public static Node EmptyMap { get; } = new MapNode(Nowhere, []);

    public static Node EmptyList { get; } = new ListNode(Nowhere, []);

    private static IEnumerable<Node> Inside(Node node, Func<Node, IEnumerable<Node>> variants)
    {
        if (node is MapNode map)
        {
            for (var i = 0; i < map.Entries.Count; i++)
                foreach (var variant in variants(map.Entries[i].Value)) yield return With(map, i, map.Entries[i] with { Value = variant });
        }
        else if (node is ListNode list)
        {
            for (var i = 0; i < list.Items.Count; i++)
                foreach (var variant in variants(list.Items[i]))
                    yield return list with { Items = [.. list.Items.Select((item, index) => index == i ? variant : item)] };
        }
    }

    private static MapNode With(MapNode map, int at, MapEntry entry) => map with
    {
        Entries = [.. map.Entries.Select((e, index) => index == at ? entry : e)],
    };

    private static void Write(Node node, StringBuilder text)
    {
        switch (node)
        {
            case ScalarNode { Quoted: false } plain when plain.Text.Length > 0 && plain.Text.All(char.IsAsciiLetterOrDigit):
                text.Append(plain.Text);
                break;
            case ScalarNode scalar:
                text.Append(JsonSerializer.Serialize(scalar.Text));
                break;
            case ListNode list:
                text.Append('[');
                foreach (var item in list.Items)
                {
                    Write(item, text);
                    text.Append(", ");
                }

                text.Append(']');
                break;
            case MapNode map:
                text.Append('{');
                foreach (var entry in map.Entries)
                {
                    text.Append(JsonSerializer.Serialize(entry.Key)).Append(": ");
                    Write(entry.Value, text);
                    text.Append(", ");
                }

                text.Append('}');
                break;
        }
    }
}
