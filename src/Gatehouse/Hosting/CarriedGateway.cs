using Microsoft.Extensions.Hosting;

namespace Gatehouse.Hosting;

/// <summary>
/// A gateway that starts and drains with its host. Where it cannot go on, the host ends too.
/// </summary>
/// <param name="lifetime">The host's.</param>
internal sealed class CarriedGateway(GatewayOptions options, IHostApplicationLifetime lifetime) : IHostedService, IAsyncDisposable
{
    /// <summary>The gateway, once its host has started.</summary>
    public RunningGateway? Running { get; private set; }

    /// <exception cref="InvalidOperationException">The gateway could not start; the message says everything that is wrong, because hosts show nothing
    /// else.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Running = await GatewayHost.StartAsync(options, cancellationToken);
            _ = EndWhenExpiredAsync(Running);
        }
        catch (GatewayStartException e)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, [e.Message, .. e.Findings]), e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Running?.StopAsync(cancellationToken) ?? Task.CompletedTask;

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
}
