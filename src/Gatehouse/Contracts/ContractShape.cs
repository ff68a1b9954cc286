using Gatehouse.Configuration;

namespace Gatehouse.Contracts;

/// <summary>What would make an operation be left out or mistaken for another: judged before the library, which passes over much of it.</summary>
internal static class ContractShape
{
    public const string Additional = "additionalOperations";

    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

    public static bool Check(MapNode paths, Findings findings)
    {
        var inside = new Findings();
        var ids = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var path in paths.Entries)
        {
            if (path.Key.StartsWith("x-", StringComparison.Ordinal)) continue;
            if (path.Key is not ['/', ..])
                inside.Add(Rules.UnusableFile, path.KeyPlace, $"the path '{Show.Bounded(path.Key)}' does not begin with '/'");
            else if (path.Value is not MapNode item)
                inside.Add(
                    Rules.UnusableFile,
                    path.Value.Place,
                    $"the operations of '{Show.Bounded(path.Key)}' must be a map, not {path.Value.Describe()}");
            else
                CheckItem(item, ids, inside);
        }

        foreach (var finding in inside.InOrder()) findings.Add(finding.Rule, finding.Place, finding.Message, finding.Hint);
        return !inside.HasErrors;
    }

    private static void CheckItem(MapNode item, Dictionary<string, Place> ids, Findings findings)
    {
        foreach (var entry in item.Entries)
        {
            if (Methods.Contains(entry.Key)) CheckOperation(entry, ids, findings);
            if (entry.Key != Additional) continue;
            if (entry.Value is not MapNode additional)
                findings.Add(Rules.UnusableFile, entry.Value.Place, $"'{Additional}' must be a map, not {entry.Value.Describe()}");
            else
                foreach (var method in additional.Entries) CheckOperation(method, ids, findings);
        }
    }

    private static void CheckOperation(MapEntry method, Dictionary<string, Place> ids, Findings findings)
    {
        if (method.Value is not MapNode operation)
            findings.Add(
                Rules.UnusableFile,
                method.Value.Place,
                $"the operation '{Show.Bounded(method.Key)}' must be a map, not {method.Value.Describe()}");
        else if (operation["operationId"] is { } id && id is not ScalarNode { IsNothing: false })
            findings.Add(Rules.UnusableFile, id.Place, $"an operationId must be text, not {id.Describe()}");
        else if (operation["operationId"] is ScalarNode text && !ids.TryAdd(text.Text, text.Place))
            findings.Add(Rules.UnusableFile, text.Place, $"the operationId '{Show.Bounded(text.Text)}' stands already at {ids[text.Text]}");
    }
}
