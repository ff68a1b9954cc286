using System.CommandLine;
using Gatehouse.Hosting;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse run</c>: serves a declaration until it is asked to stop. The process's output is the access log's, its errors are the
/// operator's.
/// </summary>
internal static class RunCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var declaration = SharedOptions.Declaration(gateway.DeclarationPath);
        var environment = SharedOptions.Environment();
        var lastGood = new LastGoodOptionSet();
        var command = new Command(
            "run",
            "Serves a declaration. SIGTERM or Ctrl-C drains and stops; SIGHUP looks for changes at once. Without a valid declaration nothing listens.")
        {
            declaration,
            environment,
        };
        lastGood.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            // who does not read what is told holds up nothing
            using var sink = ReferenceEquals(parsed.InvocationConfiguration.Error, Console.Error)
                ? new BufferedLineSink(StandardStream.OpenErrors, writeAt: 1) : null;
            await using var events = sink is null ? null : new LineWriter(sink);
            var options = gateway with
            {
                DeclarationPath = parsed.GetRequiredValue(declaration),
                Environment = parsed.GetValue(environment),
                LastGood = lastGood.Read(parsed),
                Events = (TextWriter?)events ?? parsed.InvocationConfiguration.Error,
            };
            return await GatewayHost.RunAsync(options, cancelled);
        });
        return command;
    }
}
