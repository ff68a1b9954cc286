using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration;

/// <summary>The operations of an OpenAPI 3 document, by <c>operationId</c>: their methods and paths, and nothing else of it.</summary>
internal sealed class Contract
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    private readonly Dictionary<string, Operation> _operations = new(StringComparer.Ordinal);

    private Contract()
    {
    }

    public IReadOnlyDictionary<string, Operation> Operations => _operations;

    /// <summary>Reads a document in YAML or JSON; null when it cannot be, and then a finding at <paramref name="named"/> says why.</summary>
    public static Contract? Read(Located<string> named, NamedFiles files)
    {
        if (files.Read(named, "contract") is not { } file) return null;
        var inside = new Findings();
        var root = YamlReader.Read(named.Value, Encoding.UTF8.GetString(file.Bytes), inside) as MapNode;
        var contract = new Contract();
        var why = inside.HasErrors ? inside.InOrder()[0].Place + ": " + inside.InOrder()[0].Message
            : root?["openapi"] is not ScalarNode { Text: ['3', '.', ..] } ? "it does not say 'openapi: 3.…'"
            : root["paths"] is not MapNode paths ? "it has no 'paths'"
            : contract.Take(paths);
        if (why is null) return contract;
        files.Findings.Add(Rules.UnusableFile, named.Place, $"the contract '{Show.Bounded(named.Value)}' cannot be used: {Show.Bounded(why)}");
        return null;
    }

    private string? Take(MapNode paths)
    {
        foreach (var path in paths.Entries)
        {
            if (path.Value is not MapNode item) continue;
            foreach (var entry in item.Entries)
            {
                if (!Methods.Contains(entry.Key) || entry.Value is not MapNode operation || operation["operationId"] is not ScalarNode id) continue;
                if (!_operations.TryAdd(id.Text, new Operation(entry.Key.ToUpperInvariant(), path.Key))) return $"operationId '{id.Text}' stands there twice";
            }
        }

        return null;
    }
}

internal sealed record Operation(string Method, string Path);
