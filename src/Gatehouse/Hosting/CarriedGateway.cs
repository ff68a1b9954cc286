using Microsoft.Extensions.Hosting;

namespace Gatehouse.Hosting;

/// <summary>A gateway that starts and drains with its host.</summary>
internal sealed class CarriedGateway(GatewayOptions options) : IHostedService, IAsyncDisposable
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
            _ = StopWhenExpiredAsync(Running);
        }
        catch (GatewayStartException e)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, [e.Message, .. e.Findings]), e);
        }
    }

    private static async Task StopWhenExpiredAsync(RunningGateway gateway)
    {
        await gateway.Expired;
        await gateway.StopAsync(CancellationToken.None);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Running?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => Running?.DisposeAsync() ?? ValueTask.CompletedTask;
}
