using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// The running demo: the retailer's services, a folder with the declaration, and the gateway. All of it is gone when it is disposed of.
/// </summary>
internal sealed class DemoSite : IAsyncDisposable
{
    private const int Attempts = 5;
    private readonly DemoServices _services;
    private readonly RunningGateway _gateway;

    private DemoSite(string declaration, DemoDoors doors, DemoKeys keys, DemoServices services, RunningGateway gateway)
    {
        Declaration = declaration;
        Doors = doors;
        Keys = keys;
        _services = services;
        _gateway = gateway;
    }

    /// <summary>The path of the declaration that is served.</summary>
    public string Declaration { get; }

    public DemoDoors Doors { get; }

    public DemoKeys Keys { get; }

    /// <summary>Where one of the orders services is.</summary>
    public Uri Orders => _services.All[0].Address;

    /// <summary>Starts everything. Another program may take a port between its choice and its use: then others are chosen.</summary>
    public static async Task<DemoSite> StartAsync(TimeProvider clock, TextWriter events, CancellationToken cancelled)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(clock, events, cancelled);
            }
            catch (GatewayStartException e) when (e.InnerException is not null && attempt < Attempts)
            {
                // it could not listen
            }
        }
    }

    /// <summary>Drains: what is in flight finishes.</summary>
    public Task StopAsync() => _gateway.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _services.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(Declaration)!, recursive: true);
    }

    private static async Task<DemoSite> StartOnceAsync(TimeProvider clock, TextWriter events, CancellationToken cancelled)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-demo-").FullName; // nobody else may look into it
        var (doors, keys) = (DemoDoors.Choose(), new DemoKeys());
        DemoServices? services = null;
        try
        {
            services = await DemoServices.StartAsync(DemoDeclaration.TrustIn(doors), cancelled);
            var declaration = await DemoDeclaration.WriteAsync(folder, doors, keys, services, clock.GetUtcNow(), cancelled);
            var gateway =
                await GatewayHost.StartAsync(new GatewayOptions { DeclarationPath = declaration, Clock = clock, Events = events }, cancelled);
            return new DemoSite(declaration, doors, keys, services, gateway);
        }
        catch
        {
            if (services is not null) await services.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }
}
