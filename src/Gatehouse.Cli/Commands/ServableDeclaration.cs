using Gatehouse.Declaration;
using Gatehouse.Hosting;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands;

/// <summary>A declaration that could be served, for commands that need all of it.</summary>
internal static class ServableDeclaration
{
    private const int MostErrors = 20;

    /// <summary>Judges it as <c>run</c> does; what nobody has foreseen is a finding too.</summary>
    public static LoadedDeclaration Load(string file, string? environment, GatewayOptions gateway) =>
        LoadedDeclaration.OrSay(files => LoadedDeclaration.Load(file, files, gateway.Clock, gateway.Kinds, environment), gateway.Files(), file);

    /// <summary>Null when it has errors; then they have been said, and what follows.</summary>
    /// <param name="so">What follows, as in <c>there is nothing to list</c>.</param>
    public static GatewayDefinition? Read(string file, string? environment, GatewayOptions gateway, string so, TextWriter error)
    {
        var loaded = Load(file, environment, gateway);
        if (loaded.Definition is { } definition) return definition;
        foreach (var finding in loaded.Findings.Where(f => f.IsError).Take(MostErrors)) error.WriteLine(finding.ToString());
        error.WriteLine($"{file} cannot be served, so {so}. 'gatehouse check' says everything that is wrong.");
        return null;
    }
}
