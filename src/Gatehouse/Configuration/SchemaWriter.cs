using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>Writes shapes as JSON Schema; sections that have a name are written once, under <c>$defs</c>, and referred to.</summary>
internal sealed class SchemaWriter
{
    private readonly SortedDictionary<string, JsonObject?> _definitions = new(StringComparer.Ordinal);

    public static JsonObject Document(Shape root, string title)
    {
        var writer = new SchemaWriter();
        var body = root.ToSchema(writer);
        var document = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = title };
        foreach (var (key, value) in body.ToArray())
        {
            body.Remove(key);
            document[key] = value;
        }

        var definitions = new JsonObject();
        foreach (var (name, definition) in writer._definitions) definitions[name] = definition;
        document["$defs"] = definitions;
        return document;
    }

    public JsonObject Refer(string name, Func<JsonObject> write)
    {
        if (!_definitions.ContainsKey(name))
        {
            _definitions[name] = null; // claims the name first: a section may contain itself
            _definitions[name] = write();
        }

        return new JsonObject { ["$ref"] = "#/$defs/" + name };
    }
}
