using System.Net;
using System.Text.Json;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>
/// Looks at events as the schema of OCSF 1.7.0 describes them: what has to be there, what may be there, of which type, out of which values, and that
/// a caption says what its number says. The parts of the schema that it needs are copied beside it, with their source.
/// </summary>
internal sealed class OcsfSchema
{
    private readonly JsonElement _schema;

    private OcsfSchema(JsonElement schema) => _schema = schema;

    public static OcsfSchema Read()
    {
        var file = Path.Combine(Golden.Repository, "test", "Gatehouse.Tests", "Audit", "ocsf-1.7.0-api-activity.json");
        return new OcsfSchema(JsonDocument.Parse(File.ReadAllText(file)).RootElement);
    }

    /// <summary>Everything that contradicts the schema, each with its place.</summary>
    public IReadOnlyList<string> Complaints(JsonElement happened)
    {
        var complaints = new List<string>();
        var attributes = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var attribute in _schema.GetProperty("class").GetProperty("attributes").EnumerateObject()) attributes[attribute.Name] = attribute.Value;
        var metadata = happened.GetProperty("metadata");
        if (metadata.TryGetProperty("profiles", out var profiles))
            foreach (var profile in profiles.EnumerateArray())
            {
                if (!_schema.GetProperty("profiles").TryGetProperty(profile.GetString()!, out var more)) complaints.Add($"no profile {profile}");
                else foreach (var attribute in more.EnumerateObject()) attributes[attribute.Name] = attribute.Value;
            }

        if (metadata.GetProperty("version").GetString() != _schema.GetProperty("version").GetString())
            complaints.Add("another version of the schema");
        Attributes("", happened, attributes, complaints);
        var type = (happened.GetProperty("class_uid").GetInt64() * 100) + happened.GetProperty("activity_id").GetInt64();
        if (happened.GetProperty("type_uid").GetInt64() != type) complaints.Add("type_uid is not class_uid * 100 + activity_id");
        return complaints;
    }

    private void Attributes(string at, JsonElement value, Dictionary<string, JsonElement> attributes, List<string> complaints)
    {
        foreach (var (name, attribute) in attributes)
        {
            if (attribute.GetProperty("requirement").GetString() == "required" && !value.TryGetProperty(name, out _))
                complaints.Add($"{at}{name} is missing");
        }

        foreach (var property in value.EnumerateObject())
        {
            if (!attributes.TryGetValue(property.Name, out var attribute)) complaints.Add($"{at}{property.Name} is not known");
            else if (!attribute.TryGetProperty("is_array", out _)) One(at + property.Name, property.Value, attribute, complaints);
            else if (property.Value.ValueKind != JsonValueKind.Array) complaints.Add($"{at}{property.Name} is not a list");
            else foreach (var item in property.Value.EnumerateArray()) One(at + property.Name, item, attribute, complaints);

            if (attribute.ValueKind == JsonValueKind.Object) Caption(at, property, attribute, value, complaints);
        }
    }

    private static void Caption(string at, JsonProperty property, JsonElement attribute, JsonElement owner, List<string> complaints)
    {
        if (!attribute.TryGetProperty("enum", out var values)) return;
        var number = property.Value.GetRawText();
        if (!values.TryGetProperty(number, out var caption)) complaints.Add($"{at}{property.Name} cannot be {number}");
        else if (number != "99" && owner.TryGetProperty(attribute.GetProperty("sibling").GetString()!, out var said) && said.GetString() != caption.GetString())
            complaints.Add($"{at}{property.Name} is {caption}, and its caption says {said}");
    }

    private void One(string at, JsonElement value, JsonElement attribute, List<string> complaints)
    {
        var type = attribute.GetProperty("type").GetString()!;
        if (_schema.GetProperty("objects").TryGetProperty(type, out var described))
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                complaints.Add($"{at} is not an object");
                return;
            }

            var attributes = described.GetProperty("attributes").EnumerateObject().ToDictionary(a => a.Name, a => a.Value, StringComparer.Ordinal);
            Attributes(at + ".", value, attributes, complaints);
            if (described.TryGetProperty("at_least_one", out var some) && !some.EnumerateArray().Any(s => value.TryGetProperty(s.GetString()!, out _)))
                complaints.Add($"{at} has none of {some}");
        }
        else if (!Is(type, value))
        {
            complaints.Add($"{at} is no {type}: {value.GetRawText()}");
        }
    }

    private static bool Is(string type, JsonElement value) => type switch
    {
        "integer_t" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        "long_t" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "timestamp_t" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var at) && at > 1_000_000_000_000, // milliseconds, not seconds
        "port_t" => value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out _),
        "boolean_t" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "ip_t" => value.ValueKind == JsonValueKind.String && IPAddress.TryParse(value.GetString(), out _),
        "object" => value.ValueKind == JsonValueKind.Object,
        "json_t" => value.ValueKind != JsonValueKind.Undefined,
        _ => value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0,
    };
}
