using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;

namespace Gatehouse.Cli;

/// <summary>The executable <c>gatehouse</c>.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        // First: they count only before the first socket
        RuntimeSettings.Apply(Environment.GetEnvironmentVariable, Environment.SetEnvironmentVariable);

        var gateway = new GatewayOptions { DeclarationPath = SharedOptions.DefaultDeclaration };
        return CommandLine.For(args, Commands(gateway)).RunAsync(args, Console.Out, Console.Error);
    }

    internal static IReadOnlyList<NamedCommand> Commands(GatewayOptions gateway) =>
    [
        new("demo", () => DemoCommand.Create(gateway.Clock)),
        new("run", () => RunCommand.Create(gateway)),
        .. CommandLine.AboutDeclarations(gateway),
    ];
}
