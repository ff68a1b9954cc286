using Retailer.Backends;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The retailer's services behind the demo: orders twice, the others once.</summary>
internal sealed class DemoServices : IAsyncDisposable
{
    private DemoServices(IReadOnlyList<RetailerService> all) => All = all;

    public IReadOnlyList<RetailerService> All { get; }

    public static async Task<DemoServices> StartAsync(CancellationToken cancelled) => new(
    [
        await RetailerService.StartOrdersAsync("orders-1", cancelled),
        await RetailerService.StartOrdersAsync("orders-2", cancelled),
        await RetailerService.StartReturnsAsync("returns", cancelled),
        await RetailerService.StartCustomersAsync("customers", cancelled),
        await RetailerService.StartDocumentsAsync("documents", cancelled),
        await RetailerService.StartStockAsync("stock", cancelled),
    ]);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in All) await service.DisposeAsync();
    }
}
