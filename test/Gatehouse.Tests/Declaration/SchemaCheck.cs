using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gatehouse.Configuration;

namespace Gatehouse.Tests.Declaration;

/// <summary>
/// Checks nodes against the part of JSON Schema that the declaration's schema uses. A keyword that it does not know is a failure of the test.
/// </summary>
internal sealed class SchemaCheck(JsonObject root)
{
    /// <summary>What an editor would complain about, by place.</summary>
    public IReadOnlyList<string> Faults(Node node)
    {
        var faults = new List<string>();
        Check(root, node, faults);
        return faults;
    }

    private void Check(JsonObject schema, Node node, List<string> faults)
    {
        foreach (var (keyword, value) in schema)
        {
            switch (keyword)
            {
                case "$schema" or "title" or "description" or "$defs":
                    break;
                case "$ref":
                    Check(Resolve((string)value!), node, faults);
                    break;
                case "anyOf":
                    if (!value!.AsArray().Any(s => IsValid(s!.AsObject(), node))) Fault("none of the forms fits");
                    break;
                case "type":
                    if (!IsOfType((string)value!, node)) Fault($"not of type {value}");
                    break;
                case "enum":
                    if (node is not ScalarNode word || !value!.AsArray().Any(w => (string)w! == word.Text)) Fault("not one of the words");
                    break;
                case "pattern":
                    if (node is ScalarNode text && !Regex.IsMatch(text.Text, (string)value!, RegexOptions.None, TimeSpan.FromSeconds(1)))
                        Fault($"does not match {value}");
                    break;
                case "minLength" or "maxLength":
                    if (node is ScalarNode { Text.Length: var length } && !IsWithin(keyword, length, (int)value!)) Fault(keyword);
                    break;
                case "minimum" or "maximum":
                    if (node is ScalarNode number && long.TryParse(number.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                        && !IsWithin(keyword, whole, (long)value!)) Fault(keyword);
                    break;
                case "minItems" or "maxItems":
                    if (node is ListNode { Items.Count: var items } && !IsWithin(keyword, items, (int)value!)) Fault(keyword);
                    break;
                case "items":
                    foreach (var item in (node as ListNode)?.Items ?? []) Check(value!.AsObject(), item, faults);
                    break;
                case "minProperties" or "maxProperties":
                    if (node is MapNode { Entries.Count: var entries } && !IsWithin(keyword, entries, (int)value!)) Fault(keyword);
                    break;
                case "propertyNames":
                    foreach (var entry in (node as MapNode)?.Entries ?? [])
                        Check(value!.AsObject(), new ScalarNode(entry.KeyPlace, entry.Key, Quoted: true), faults);
                    break;
                case "required":
                    foreach (var name in value!.AsArray())
                        if (node is MapNode map && map[(string)name!] is null) Fault($"{name} is missing");
                    break;
                case "properties":
                    foreach (var (name, property) in value!.AsObject())
                        if (node is MapNode map && map[name] is { } child) Check(property!.AsObject(), child, faults);
                    break;
                case "additionalProperties":
                    foreach (var entry in (node as MapNode)?.Entries ?? [])
                    {
                        if (schema["properties"]?.AsObject().ContainsKey(entry.Key) == true) continue;
                        if (value is JsonObject further) Check(further, entry.Value, faults);
                        else Fault($"'{entry.Key}' is not known");
                    }

                    break;
                default:
                    throw new NotSupportedException($"the keyword '{keyword}'");
            }
        }

        void Fault(string what) => faults.Add($"{node.Place} {what}");
    }

    private bool IsValid(JsonObject schema, Node node)
    {
        var faults = new List<string>();
        Check(schema, node, faults);
        return faults.Count == 0;
    }

    private JsonObject Resolve(string reference) => root["$defs"]![reference["#/$defs/".Length..]]!.AsObject();

    private static bool IsWithin(string keyword, long value, long bound) =>
        keyword.StartsWith("min", StringComparison.Ordinal) ? value >= bound : value <= bound;

    /// <summary>The types as YAML 1.2's core schema, which editors use, gives them to plain scalars.</summary>
    private static bool IsOfType(string type, Node node) => type switch
    {
        "object" => node is MapNode,
        "array" => node is ListNode,
        "boolean" => node is ScalarNode { Quoted: false, Text: "true" or "false" },
        "integer" => node is ScalarNode { Quoted: false } number
            && long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "string" => node is ScalarNode text && (text.Quoted
            || (!text.IsNothing && text.Text is not ("true" or "false") && !double.TryParse(text.Text, CultureInfo.InvariantCulture, out _))),
        _ => throw new NotSupportedException($"the type '{type}'"),
    };
}
