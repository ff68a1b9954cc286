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
        var command = new Command("demo", "Starts a retailer's services and the gateway, on this machine only, and prints calls to try.") { check };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            try
            {
                await using var site = await DemoSite.StartAsync(clock, error, cancelled);
                return await ShowAsync(site, parsed.GetValue(check), output, cancelled);
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

    private static async Task<int> ShowAsync(DemoSite site, bool check, TextWriter output, CancellationToken cancelled)
    {
        var calls = DemoCalls.For(site.Doors, site.Keys, site.Orders);
        if (check) return await CheckAsync(calls, output, cancelled) ? ExitCode.Done : ExitCode.Failed;
        DemoGuide.Print(site, calls, output);
        await AskedToStopAsync(cancelled);
        await site.StopAsync();
        return ExitCode.Done;
    }

    private static async Task<bool> CheckAsync(IReadOnlyList<DemoCall> calls, TextWriter output, CancellationToken cancelled)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await new DemoCheck(client).RunAsync(calls, output, cancelled);
    }

    private static async Task AskedToStopAsync(CancellationToken cancelled)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        await using var token = cancelled.Register(() => asked.TrySetResult());
        await asked.Task;

        void OnStop(PosixSignalContext signal) => signal.Cancel = asked.TrySetResult(); // asked twice: now
    }
}
