using Gatehouse.Runtime;
using Microsoft.Extensions.Hosting;

namespace Gatehouse.Hosting;

/// <summary>
/// A gateway that starts and drains with its host: before the host's own services stop, on which its policies and its upstreams may depend, and for
/// as long as the declaration says, whatever time the host gives. Where it cannot go on, the host ends too.
/// </summary>
/// <param name="lifetime">The host's.</param>
/// <param name="host">Whose time for a stop is made longer by what the drain may take.</param>
internal sealed class CarriedGateway(GatewayOptions options, IHostApplicationLifetime lifetime, HostOptions host)
    : IHostedLifecycleService, IAsyncDisposable
{
    /// <summary>A host that gives so much time gives enough.</summary>
    private static readonly TimeSpan Plenty = TimeSpan.FromDays(1);

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);
    private readonly TimeSpan _own = host.ShutdownTimeout;

    /// <summary>The gateway, once its host has started.</summary>
    public RunningGateway? Running { get; private set; }

    /// <exception cref="InvalidOperationException">The gateway could not start; the message says everything that is wrong, because hosts show nothing
    /// else.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Running = await GatewayHost.StartAsync(options, cancellationToken);
            Running.Activation.Swapped += GiveTime;
            GiveTime(Running.Activation.Current);
            _ = EndWhenExpiredAsync(Running);
        }
        catch (GatewayStartException e)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, [e.Message, .. e.Findings]), e);
        }
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Running?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => StoppingAsync(cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => Running?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The gateway stops by itself; its host is asked to, and waits for it where it does as it is asked.</summary>
    private async Task EndWhenExpiredAsync(RunningGateway gateway)
    {
        await gateway.Expired;
        Environment.ExitCode = 1;
        var stopped = gateway.StopAsync(CancellationToken.None);
        lifetime.StopApplication();
        await stopped;
    }

    /// <summary>A host cancels its stop when its time is over, and a stop that is cancelled cuts what is in flight.</summary>
    private void GiveTime(GatewaySnapshot snapshot)
    {
        if (_own == Timeout.InfiniteTimeSpan || _own >= Plenty) return;
        var drain = snapshot.Definition.Drain;
        host.ShutdownTimeout = _own + drain.Announce + drain.Finish + Margin;
    }
}
