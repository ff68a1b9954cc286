using System.CommandLine;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gatehouse.Cli;

/// <summary>The command line of a host of one's own.</summary>
public static class HostCommands
{
    /// <summary>
    /// Runs the command that the arguments name: <c>run</c>, which is also meant by none, starts the host; <c>check</c>, <c>inventory</c>,
    /// <c>schema</c>, <c>key</c>, <c>suspend</c> and the others are those of <c>gatehouse</c>, and know the host's declaration and its
    /// own policies. Nothing listens for them.
    /// </summary>
    /// <returns>The exit code: of <c>run</c>, <see cref="Environment.ExitCode"/>, which is 1 when the gateway might not go on.</returns>
    /// <exception cref="InvalidOperationException">The host was built without <see cref="GatehouseHostExtensions.AddGatehouse"/>.</exception>
    public static Task<int> RunGatehouseAsync(this IHost host, string[] args)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(args);
        var gateway = host.Services.GetRequiredService<GatewayOptions>();
        if (args.Length == 0) args = ["run"];
        return CommandLine.For(args, [new("run", () => Run(host, gateway)), .. CommandLine.AboutDeclarations(gateway)])
            .RunAsync(args, Console.Out, Console.Error);
    }

    private static Command Run(IHost host, GatewayOptions gateway)
    {
        var environment = SharedOptions.Environment();
        var command = new Command("run", "Starts the host, and the gateway with it. SIGTERM or Ctrl-C drains and stops.") { environment };
        var lastGood = new LastGoodOptionSet();
        lastGood.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            gateway.Environment = parsed.GetValue(environment);
            gateway.LastGood = lastGood.Read(parsed);
            await host.RunAsync(cancelled);
            return Environment.ExitCode; // 1 where the gateway might not go on, and what the host has set
        });
        return command;
    }
}
