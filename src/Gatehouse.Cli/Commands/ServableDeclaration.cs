using Gatehouse.Declaration;
using Gatehouse.Hosting;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands;

/// <summary>A declaration that could be served, for commands that need all of it.</summary>
internal static class ServableDeclaration
{
    private const int MostErrors = 20;

    /// <summary>Null when it has errors; then they have been said, and what follows.</summary>
    /// <param name="so">What follows, as in <c>there is nothing to list</c>.</param>
    public static GatewayDefinition? Read(string file, string? environment, GatewayOptions gateway, string so, TextWriter error)
    {
        var loaded = LoadedDeclaration.Load(file, gateway.Files(), gateway.Clock, gateway.Kinds, environment);
        if (loaded.Definition is { } definition) return definition;
        foreach (var finding in loaded.Findings.Where(f => f.IsError).Take(MostErrors)) error.WriteLine(finding.ToString());
        error.WriteLine($"{file} cannot be served, so {so}. 'gatehouse check' says everything that is wrong.");
        return null;
    }
}
