using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>
/// A map with a closed list of keys. Unknown keys, missing required ones and keys whose feature is still to come are findings;
/// the rest is handed, read, to <paramref name="build"/>.
/// </summary>
/// <param name="name">The section's name in findings and in the schema, as in "unknown key 'x' in a listener".</param>
internal sealed class Section<T>(string name, IReadOnlyList<Key> keys, Func<SectionReader, T?> build) : Shape<T>
    where T : class
{
    public string Name { get; } = name;

    public IReadOnlyList<Key> Keys { get; } = keys;

    public override bool TryRead(Node node, Findings findings, out T value)
    {
        value = null!;
        if (node is not MapNode map)
        {
            findings.Add(Rules.WrongType, node.Place, $"{Name} must be a map, not {node.Describe()}");
            return false;
        }

        var read = build(new SectionReader(Name, Keys, map, findings));
        if (read is null) return false;
        value = read;
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => schema.Refer(Name.Replace(' ', '-'), () => Body(schema));

    private JsonObject Body(SchemaWriter schema)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var key in Keys)
        {
            if (!key.IsRead) continue; // an editor must not offer what the reader refuses
            var property = key.Shape.ToSchema(schema);
            property["description"] = key.Doc;
            properties[key.Name] = property;
            if (key.Required) required.Add((JsonNode)key.Name);
        }

        var body = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0) body["required"] = required;
        return body;
    }
}
