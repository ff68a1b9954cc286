using System.CommandLine;
using System.Runtime.InteropServices;
using Gatehouse.Cli.Commands.Demo;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse demo</c>: a retailer's services and a gateway in front of them, on loopback, with calls to try.</summary>
internal static class DemoCommand
{
    public static Command Create(TimeProvider clock)
    {
        var check = new Option<bool>("--check") { Description = "Make the calls, compare the answers, and exit 1 when one differs." };
        var command = new Command("demo", "Starts a retailer's services, its issuer and the gateway, on this machine only, and prints calls to try.") { check };
        command.Subcommands.Add(DemoTokenCommand.Create());
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            try
            {
                return parsed.GetValue(check) ? await CheckAsync(clock, output, error, cancelled) : await ShowAsync(clock, output, error, cancelled);
            }
            catch (IOException e)
            {
                await error.WriteLineAsync($"The demo cannot start: {e.Message}");
                return ExitCode.Failed;
            }
            catch (GatewayStartException e)
            {
                foreach (var finding in e.Findings) await error.WriteLineAsync(finding.ToString());
                await error.WriteLineAsync(e.Message);
                return ExitCode.Failed;
            }
        });
        return command;
    }

    /// <summary>Serves until it is asked to stop.</summary>
    private static async Task<int> ShowAsync(TimeProvider clock, TextWriter output, TextWriter error, CancellationToken cancelled)
    {
        // before the services start: their hosts listen to the same signals, and a stop that they alone hear would be lost
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        await using var token = cancelled.Register(() => asked.TrySetResult());
        await using var site = await DemoSite.StartAsync(clock, error, cancelled);
        DemoGuide.Print(site, DemoCalls.For(site), output);
        await asked.Task;
        await site.StopAsync();
        return ExitCode.Done;

        void OnStop(PosixSignalContext signal) => signal.Cancel = asked.TrySetResult(); // asked twice: now
    }

    /// <summary>Makes the calls; then, when no line can be missing any more, reads what was written down about them.</summary>
    private static async Task<int> CheckAsync(TimeProvider clock, TextWriter output, TextWriter error, CancellationToken cancelled)
    {
        await using var site = await DemoSite.StartAsync(clock, error, cancelled);
        using var clients = new DemoClients();
        var check = new DemoCheck(clients.Of);
        var answered = await check.RunAsync(DemoCalls.For(site), output, cancelled);
        await site.StopAsync();
        var different = (await DemoLogs.ReadAsync(site, cancelled)).Differences(check.Made).ToList();
        different.AddRange(DemoTrail.Differences(site, check.Made, out var records));
        foreach (var difference in different) output.WriteLine($"✗ {difference}");
        if (different.Count == 0)
        {
            output.WriteLine("The logs say who refused what and why, and hold no key, token or person.");
            output.WriteLine($"The audit trail holds, {records} records; so does what it says of these calls.");
        }

        return answered && different.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
