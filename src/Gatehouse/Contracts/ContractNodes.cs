using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;

namespace Gatehouse.Contracts;

/// <summary>Nodes as JSON, and JSON's pointers as places.</summary>
internal static class ContractNodes
{
    public static JsonNode? ToJson(Node node)
    {
        switch (node)
        {
            case MapNode map:
                var members = new JsonObject();
                foreach (var entry in map.Entries) members[entry.Key] = ToJson(entry.Value);
                return members;
            case ListNode list:
                var items = new JsonArray();
                foreach (var item in list.Items) items.Add(ToJson(item));
                return items;
            default:
                return ToJson((ScalarNode)node);
        }
    }

    /// <summary>The place of what an RFC 6901 pointer leads to, as far as it leads: <c>#/paths/~1orders/get</c>.</summary>
    public static Place PlaceOf(Node root, string pointer)
    {
        var node = root;
        var place = root.Place;
        foreach (var step in pointer.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (node is ListNode list
                && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index < list.Items.Count)
                (node, place) = (list.Items[index], list.Items[index].Place);
            else if (node is MapNode map && map.Entries.FirstOrDefault(e => e.Key == name) is { } entry)
                (node, place) = (entry.Value, entry.KeyPlace);
            else
                return place;
        }

        return place;
    }

    /// <summary>YAML 1.2 section 10.3, the core schema: of plain scalars, some are nothing, flags or numbers. JSON's are among them.</summary>
    private static JsonValue? ToJson(ScalarNode scalar)
    {
        var text = scalar.Text;
        if (scalar.Quoted) return JsonValue.Create(text);
        if (scalar.IsNothing || text is "Null" or "NULL") return null;
        if (text is "true" or "True" or "TRUE") return JsonValue.Create(true);
        if (text is "false" or "False" or "FALSE") return JsonValue.Create(false);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        const NumberStyles number = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return text[0] is (>= '0' and <= '9') or '-' or '+' or '.'
                && double.TryParse(text, number, CultureInfo.InvariantCulture, out var real)
                && double.IsFinite(real)
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }
}
