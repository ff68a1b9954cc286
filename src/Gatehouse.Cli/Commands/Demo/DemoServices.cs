using Retailer.Backends;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The retailer's services behind the demo: orders twice, the others once.</summary>
internal sealed class DemoServices : IAsyncDisposable
{
    private DemoServices(IReadOnlyList<RetailerService> all) => All = all;

    public IReadOnlyList<RetailerService> All { get; }

    /// <param name="trust">Whose word about callers the services take.</param>
    public static async Task<DemoServices> StartAsync(GatewayTrust trust, CancellationToken cancelled) => new(
    [
        await RetailerService.StartOrdersAsync("orders-1", cancelled, trust),
        await RetailerService.StartOrdersAsync("orders-2", cancelled, trust),
        await RetailerService.StartReturnsAsync("returns", cancelled, trust),
        await RetailerService.StartCustomersAsync("customers", cancelled, trust),
        await RetailerService.StartDocumentsAsync("documents", cancelled, trust),
        await RetailerService.StartStockAsync("stock", cancelled, trust),
    ]);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in All) await service.DisposeAsync();
    }
}
