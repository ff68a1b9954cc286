using Gatehouse.Configuration;

namespace Gatehouse.Contracts;

/// <summary>What would make an operation be left out or mistaken for another: judged before the library, which passes over much of it.</summary>
internal sealed class ContractShape
{
    private const string Additional = "additionalOperations";
    private const string Query = "query";

    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", Query];

    private readonly Findings _findings = new();
    private readonly Dictionary<string, Place> _ids = new(StringComparer.Ordinal);
    private readonly bool _is32;

    private ContractShape(string version) => _is32 = version.StartsWith("3.2.", StringComparison.Ordinal);

    /// <param name="version">What the contract says in 'openapi'.</param>
    public static bool Check(MapNode root, MapNode paths, string version, Findings findings)
    {
        var shape = new ContractShape(version);
        foreach (var path in paths.Entries)
        {
            if (path.Key.StartsWith("x-", StringComparison.Ordinal)) continue;
            if (path.Key is ['/', ..])
                shape.CheckItem(path);
            else
                shape.Complain(path.KeyPlace, $"the path '{Show.Bounded(path.Key)}' does not begin with '/'");
        }

        if (root["components"] is MapNode components && components["pathItems"] is MapNode shared)
            foreach (var item in shared.Entries) shape.CheckItem(item);
        findings.Add(shape._findings);
        return !shape._findings.HasErrors;
    }

    /// <summary>
    /// The operations that an item writes, by method. No method stands twice in what was checked, in any case: the library does not tell
    /// methods apart that differ in case only.
    /// </summary>
    public static Dictionary<string, MapEntry> Operations(MapNode item)
    {
        var operations = new Dictionary<string, MapEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in item.Entries)
            if (Methods.Contains(entry.Key)) operations.TryAdd(entry.Key, entry);
        if (item[Additional] is MapNode additional)
            foreach (var entry in additional.Entries) operations.TryAdd(entry.Key, entry);
        return operations;
    }

    private static bool IsMethod(string name) => Methods.Contains(name, StringComparer.OrdinalIgnoreCase);

    private void CheckItem(MapEntry named)
    {
        if (named.Value is not MapNode item)
        {
            Complain(named.Value.Place, $"the operations of '{Show.Bounded(named.Key)}' must be a map, not {named.Value.Describe()}");
            return;
        }

        var isReference = item["$ref"] is not null;
        foreach (var entry in item.Entries)
        {
            if (entry.Key != Additional && !IsMethod(entry.Key)) continue;
            if (isReference)
                Complain(
                    entry.KeyPlace,
                    $"'{entry.Key}' would be left out beside '$ref'",
                    "write all operations here, or all where the reference leads");
            else if (!_is32 && entry.Key is Additional or Query)
                Complain(entry.KeyPlace, $"'{entry.Key}' would be left out: OpenAPI has it from 3.2 on", "say 'openapi: 3.2.0'");
            else if (entry.Key == Additional)
                CheckAdditional(entry.Value);
            else if (Methods.Contains(entry.Key))
                CheckOperation(entry);
            else
                Complain(entry.KeyPlace, $"'{entry.Key}' would be left out: methods are written in small letters here");
        }
    }

    private void CheckAdditional(Node value)
    {
        if (value is not MapNode additional)
        {
            Complain(value.Place, $"'{Additional}' must be a map, not {value.Describe()}");
            return;
        }

        var methods = new Dictionary<string, Place>(StringComparer.OrdinalIgnoreCase);
        foreach (var method in additional.Entries)
        {
            if (IsMethod(method.Key))
                Complain(
                    method.KeyPlace,
                    $"'{method.Key}' would be left out of '{Additional}'",
                    $"write it beside '{Additional}', as '{method.Key.ToLowerInvariant()}'");
            else if (!methods.TryAdd(method.Key, method.KeyPlace))
                Complain(method.KeyPlace, $"'{Show.Bounded(method.Key)}' differs in case only from the operation at {methods[method.Key]}");
            CheckOperation(method);
        }
    }

    private void CheckOperation(MapEntry method)
    {
        if (method.Value is not MapNode operation)
            Complain(method.Value.Place, $"the operation '{Show.Bounded(method.Key)}' must be a map, not {method.Value.Describe()}");
        else if (operation["operationId"] is { } id && id is not ScalarNode { IsNothing: false })
            Complain(id.Place, $"an operationId must be text, not {id.Describe()}");
        else if (operation["operationId"] is ScalarNode text && !_ids.TryAdd(text.Text, text.Place))
            Complain(text.Place, $"the operationId '{Show.Bounded(text.Text)}' stands already at {_ids[text.Text]}");
    }

    private void Complain(Place place, string message, string? hint = null) => _findings.Add(Rules.UnusableFile, place, message, hint);
}
