using Gatehouse.Contracts;
using Gatehouse.Routes;

namespace Gatehouse.Cli.Commands.Import;

/// <summary>What is drafted from a contract: its operations as routes in groups, and what cannot be a route.</summary>
internal sealed class OpenApiDraft
{
    private readonly List<DraftGroup> _groups = [];
    private readonly List<Unsaid> _unsaid = [];

    private OpenApiDraft(Contract contract) => Contract = contract;

    public Contract Contract { get; }

    public IReadOnlyList<DraftGroup> Groups => _groups;

    /// <summary>Operations that are no routes, each with the reason.</summary>
    public IReadOnlyList<Unsaid> Unsaid => _unsaid;

    public int Routes => _groups.Sum(g => g.Routes.Count);

    /// <summary>What the first of the contract's servers puts before every path, or null.</summary>
    public string? BasePath { get; private init; }

    /// <summary>Groups by the first segment of the path that says something: who owns a part of an interface owns what is below it.</summary>
    public static OpenApiDraft Of(Contract contract)
    {
        var draft = new OpenApiDraft(contract) { BasePath = BasePathOf(contract) };
        var taken = new Dictionary<string, Operation>(StringComparer.Ordinal);
        foreach (var operation in contract.Operations)
        {
            if (WhyNot(operation, taken) is { } why)
                draft._unsaid.Add(new Unsaid($"{operation.Method} {operation.Path}{(operation.Id is { } id ? $" ({id})" : "")}", why));
            else draft.GroupFor(operation.Template!).Add(operation);
        }

        draft._unsaid.AddRange(
            contract.UnknownPaths.Select(path => new Unsaid(path, "its operations are not known: the reference there is not followed")));

        return draft;
    }

    private static string? WhyNot(Operation operation, Dictionary<string, Operation> taken)
    {
        if (operation.Template is not { } template) return operation.Why ?? "no route can say its path";
        if (operation.Method is "TRACE" or "CONNECT") return $"{operation.Method} is never for backends";
        if (operation.Method.Length > 32 || !operation.Method.All(c => char.IsAsciiLetterUpper(c) || c == '-'))
            return "a route's method is written in capitals";
        if (template.TakesEverything) return "it takes every path";
        var key = Operation.Key(operation.Method, template);
        return taken.TryAdd(key, operation) ? null : $"it takes the same requests as {taken[key].Name}";
    }

    private DraftGroup GroupFor(PathTemplate path)
    {
        var name = DraftText.Name(Uri.UnescapeDataString(
            path.Segments.Where(s => s.Kind == SegmentKind.Literal).Select(s => s.Prefix).FirstOrDefault(SaysSomething)
            ?? "root"));
        var group = _groups.Find(g => g.Name == name);
        if (group is null) _groups.Add(group = new DraftGroup(name));
        return group;
    }

    /// <summary>Neither empty, nor a version such as v2 or 2024-10-01, nor a word that every interface has.</summary>
    private static bool SaysSomething(string segment) =>
        segment.TrimStart('v', 'V') is [not ('.' or '-' or (>= '0' and <= '9')), ..] && segment.ToLowerInvariant() is not ("api" or "rest");

    private static string? BasePathOf(Contract contract)
    {
        if (contract.Servers.Count == 0) return null;
        var server = contract.Servers[0];
        var from = server.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 ? server.IndexOf('/', scheme + 3) : 0;
        var path = from < 0 ? "" : server[from..].TrimEnd('/');
        return path.Length == 0 ? null : path;
    }
}

/// <summary>An operation, or a path, that is left out.</summary>
internal sealed record Unsaid(string What, string Why);

/// <summary>Routes that become one api.</summary>
internal sealed class DraftGroup(string name)
{
    private readonly List<DraftRoute> _routes = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public IReadOnlyList<DraftRoute> Routes => _routes;

    public void Add(Operation operation)
    {
        var name = DraftText.Name(operation.Id ?? operation.Method.ToLowerInvariant() + " " + operation.Template!.Text);
        var unique = name;
        for (var n = 2; !_names.Add(unique); n++) unique = FormattableString.Invariant($"{name}-{n}");
        _routes.Add(new DraftRoute(unique, operation));
    }
}

internal sealed record DraftRoute(string Name, Operation Operation);
