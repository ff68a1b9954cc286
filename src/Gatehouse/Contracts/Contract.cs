using Gatehouse.Routes;

namespace Gatehouse.Contracts;

/// <summary>What an OpenAPI document says about which operations there are.</summary>
internal sealed class Contract
{
    private readonly Dictionary<string, Operation> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Operation> _byKey = new(StringComparer.Ordinal);

    /// <param name="operations">In the order written; no operationId stands twice.</param>
    public Contract(string file, IReadOnlyList<Operation> operations)
    {
        (File, Operations) = (file, operations);
        foreach (var operation in operations)
        {
            if (operation.Id is { } id) _byId.Add(id, operation);
            if (operation.Template is { } template) _byKey.TryAdd(Operation.Key(operation.Method, template), operation);
        }
    }

    public string File { get; }

    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>Paths whose operations are not known, because they stand where no reference is followed to.</summary>
    public IReadOnlyList<string> UnknownPaths { get; init; } = [];

    public IEnumerable<string> Ids => _byId.Keys;

    /// <summary>The document's own title, any text at all; or null.</summary>
    public string? Title { get; init; }

    /// <summary>The addresses of <c>servers</c>, any texts at all.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>The names of the ways in which callers identify themselves, any texts at all.</summary>
    public IReadOnlyList<string> SecuritySchemes { get; init; } = [];

    public Operation? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The operation with the same method and the same paths, whatever the names in them; the first one when there are several.</summary>
    public Operation? Find(RouteMatch match) => _byKey.GetValueOrDefault(Operation.Key(match.Method, match.Path));
}
