using Retailer.Backends;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The retailer's services behind the demo: orders twice, the others once; and the log in which they say what they refused.</summary>
internal sealed class DemoServices : IAsyncDisposable
{
    private readonly List<RetailerService> _all = [];
    private readonly StreamWriter _log;

    private DemoServices(string log) =>
        _log = new StreamWriter(new FileStream(log, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };

    public IReadOnlyList<RetailerService> All => _all;

    /// <param name="trust">Whose word about callers the services take.</param>
    /// <param name="log">The path of their log.</param>
    public static async Task<DemoServices> StartAsync(GatewayTrust trust, string log, CancellationToken cancelled)
    {
        var services = new DemoServices(log);
        var logged = trust with { Log = services._log };
        try
        {
            services._all.Add(await RetailerService.StartOrdersAsync("orders-1", cancelled, logged));
            services._all.Add(await RetailerService.StartOrdersAsync("orders-2", cancelled, logged));
            services._all.Add(await RetailerService.StartReturnsAsync("returns", cancelled, logged));
            services._all.Add(await RetailerService.StartCustomersAsync("customers", cancelled, logged));
            services._all.Add(await RetailerService.StartDocumentsAsync("documents", cancelled, logged));
            services._all.Add(await RetailerService.StartStockAsync("stock", cancelled, logged));
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _all) await service.DisposeAsync();
        await _log.DisposeAsync();
    }
}
