using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace Gatehouse.Contracts;

/// <summary>Hands a contract's tree to Microsoft.OpenApi and takes from its model what the gateway needs. Nothing else touches the library.</summary>
internal static class OpenApiModel
{
    private const int MostWarnings = 20;
    private const int MostOperations = 100_000;
    private const string NeedsResponses = nameof(OpenApiResponsesRules.ResponsesMustContainAtLeastOneResponse);
    private const string NeedsDiscriminators = nameof(OpenApiSchemaRules.ValidateSchemaDiscriminator);

    private static readonly Uri Nowhere = new("urn:gatehouse:contract"); // relative references have nothing to be relative to

    /// <param name="root">A tree whose paths have been looked at.</param>
    /// <returns>Null when the library cannot read the tree; then a finding says so.</returns>
    public static Contract? Read(string file, MapNode root, Findings findings)
    {
        try
        {
            var settings = new OpenApiReaderSettings { LoadExternalRefs = false };
            // The specification asks for it in 3.0 only
            if (root["openapi"] is not ScalarNode { Text: ['3', '.', '0', ..] })
                settings.RuleSet.Remove(NeedsResponses);
            settings.RuleSet.Remove(NeedsDiscriminators); // it looks through all schemas that each schema leads to
            var json = (JsonObject)ContractNodes.ToJson(root)!;
            StayInside(json["paths"]);
            StayInside((json["components"] as JsonObject)?["pathItems"]);
            var read = new OpenApiJsonReader().Read(json, Nowhere, settings);
            if (read.Document is { } document)
            {
                Warn(read.Diagnostic, root, findings);
                var unknown = new List<string>();
                if (OperationsOf(document, root, unknown, findings) is not { } operations) return null;
                return new Contract(file, operations)
                {
                    UnknownPaths = unknown,
                    Title = document.Info?.Title,
                    Servers = [.. (document.Servers ?? []).Select(s => s.Url).OfType<string>().Where(url => url.Length > 0)],
                    SecuritySchemes = [.. document.Components?.SecuritySchemes?.Keys ?? []],
                };
            }

            findings.Add(Rules.UnusableFile, root.Place, "the contract cannot be read as OpenAPI");
        }
        catch (Exception e) when (e is not OutOfMemoryException) // whatever a contract holds, the declaration is read to its end
        {
            findings.Add(Rules.UnusableFile, root.Place, "the contract cannot be read as OpenAPI: " + Show.Bounded(e.Message));
        }

        return null;
    }

    /// <summary>
    /// Takes the references that leave the document out of path items: of those the library looks for the last name in this document, and would take
    /// what is called alike here for what is meant.
    /// </summary>
    private static void StayInside(JsonNode? items)
    {
        foreach (var (_, item) in items as JsonObject ?? [])
            if (item is JsonObject path && path["$ref"] is JsonValue reference && !reference.ToString().StartsWith('#')) path.Remove("$ref");
    }

    /// <summary>What the library does not like leaves every operation where it is: a word, not a refusal.</summary>
    private static void Warn(OpenApiDiagnostic? diagnostic, MapNode root, Findings findings)
    {
        var all = diagnostic?.Errors ?? [];
        foreach (var error in all.Take(MostWarnings))
        {
            var at = error.Message.IndexOf(" at #/", StringComparison.Ordinal); // some errors say their place in their words only
            var pointer = string.IsNullOrEmpty(error.Pointer) && at >= 0 ? error.Message[(at + 4)..] : error.Pointer ?? "";
            findings.Add(
                Rules.UnusableFile.Lesser(),
                ContractNodes.PlaceOf(root, pointer),
                "the contract is not quite OpenAPI: " + Show.Bounded(error.Message));
        }

        if (all.Count > MostWarnings)
            findings.Add(Rules.UnusableFile.Lesser(), root.Place, $"the contract is not quite OpenAPI in {all.Count - MostWarnings} further places");
    }

    /// <returns>Null when there are too many, or two of one operationId; then a finding says so.</returns>
    private static List<Operation>? OperationsOf(OpenApiDocument document, MapNode root, List<string> unknown, Findings findings)
    {
        var operations = new List<Operation>();
        foreach (var path in ((MapNode)root["paths"]!).Entries)
        {
            if (path.Value is not MapNode item || path.Key is not ['/', ..]) continue;
            var found = OperationsOf(document, path.Key);
            if (operations.Count + (found?.Count ?? 0) > MostOperations) // a path item may be referred to by many paths
            {
                findings.Add(Rules.UnusableFile, path.KeyPlace, $"the contract has more than {MostOperations} operations");
                return null;
            }

            if (found is { Count: > 0 })
                operations.AddRange(Read(path, item, found));
            else if (item["$ref"] is { } reference)
            {
                unknown.Add(path.Key);
                findings.Add(Rules.UnusableFile.Lesser(), reference.Place, $"what stands behind the path '{Show.Bounded(path.Key)}' is not known: the reference is not followed",
                    "write the operations here, or refer to '#/components/pathItems/NAME'; nothing outside the document is read");
            }
        }

        return AreDistinct(operations, findings) ? operations : null;
    }

    /// <summary>What is written is distinct; two paths may still refer to one path item.</summary>
    private static bool AreDistinct(List<Operation> operations, Findings findings)
    {
        var ids = new Dictionary<string, Place>(StringComparer.Ordinal);
        var distinct = true;
        foreach (var operation in operations)
        {
            if (operation.Id is not { } id || ids.TryAdd(id, operation.Place)) continue;
            distinct = false;
            findings.Add(
                Rules.UnusableFile,
                operation.Place,
                $"the operationId '{Show.Bounded(id)}' stands already at {ids[id]}",
                "leave it out of a path item that several paths refer to");
        }

        return distinct;
    }

    private static Dictionary<HttpMethod, OpenApiOperation>? OperationsOf(OpenApiDocument document, string path)
    {
        try
        {
            return document.Paths.TryGetValue(path, out var item) ? item.Operations : null;
        }
        catch (InvalidOperationException)
        {
            return null; // the reference leads in a circle
        }
    }

    private static IEnumerable<Operation> Read(MapEntry path, MapNode item, Dictionary<HttpMethod, OpenApiOperation> found)
    {
        ContractPath.TryRead(path.Key, out var template, out var why);
        var written = ContractShape.Operations(item);
        foreach (var (method, operation) in found)
            yield return new Operation(method.Method, path.Key, template, written.GetValueOrDefault(method.Method, path).KeyPlace)
            {
                Id = string.IsNullOrWhiteSpace(operation.OperationId) ? null : operation.OperationId,
                Summary = operation.Summary ?? operation.Description,
                Deprecated = operation.Deprecated,
                Why = why,
            };
    }
}
