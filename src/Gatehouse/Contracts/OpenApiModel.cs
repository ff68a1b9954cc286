using Gatehouse.Configuration;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace Gatehouse.Contracts;

/// <summary>Hands a contract's tree to Microsoft.OpenApi and takes from its model what the gateway needs. Nothing else touches the library.</summary>
internal static class OpenApiModel
{
    private const int MostWarnings = 20;
    private const string NeedsResponses = nameof(OpenApiResponsesRules.ResponsesMustContainAtLeastOneResponse);

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
            var read = new OpenApiJsonReader().Read(ContractNodes.ToJson(root)!, Nowhere, settings);
            if (read.Document is { } document)
            {
                Warn(read.Diagnostic, root, findings);
                var unknown = new List<string>();
                return new Contract(file, OperationsOf(document, root, unknown, findings))
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

    private static List<Operation> OperationsOf(OpenApiDocument document, MapNode root, List<string> unknown, Findings findings)
    {
        var operations = new List<Operation>();
        var paths = (MapNode)root["paths"]!;
        foreach (var entry in paths.Entries)
        {
            if (entry.Value is not MapNode item || entry.Key is not ['/', ..]) continue;
            var found = OperationsOf(document, entry.Key);
            if (found is { Count: > 0 })
                foreach (var (method, operation) in found) operations.Add(Read(method.Method, entry, item, operation));
            else if (item["$ref"] is { } reference)
            {
                unknown.Add(entry.Key);
                findings.Add(Rules.UnusableFile.Lesser(), reference.Place, $"what stands behind the path '{Show.Bounded(entry.Key)}' is not known: the reference is not followed",
                    "write the operations here, or refer to '#/components/pathItems/NAME'; nothing outside the document is read");
            }
        }

        return operations;
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

    private static Operation Read(string method, MapEntry path, MapNode item, OpenApiOperation operation)
    {
        var place = (item.Entries.FirstOrDefault(e => e.Key.Equals(method, StringComparison.OrdinalIgnoreCase))
            ?? (item[ContractShape.Additional] as MapNode)?.Entries.FirstOrDefault(e => e.Key == method))?.KeyPlace ?? path.KeyPlace;
        ContractPath.TryRead(path.Key, out var template, out var why);
        return new Operation(method, path.Key, template, place)
        {
            Id = string.IsNullOrWhiteSpace(operation.OperationId) ? null : operation.OperationId,
            Summary = operation.Summary ?? operation.Description,
            Deprecated = operation.Deprecated,
            Why = why,
        };
    }
}
