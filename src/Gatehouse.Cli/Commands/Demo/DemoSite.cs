using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The running demo: the retailer's services, a folder with the declaration, and the gateway. All of it is gone when it is disposed of.</summary>
internal sealed class DemoSite : IAsyncDisposable
{
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

    public static async Task<DemoSite> StartAsync(TimeProvider clock, TextWriter events, CancellationToken cancelled)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-demo-").FullName; // nobody else may look into it
        var (doors, keys) = (DemoDoors.Choose(), new DemoKeys());
        DemoServices? services = null;
        try
        {
            services = await DemoServices.StartAsync(cancelled);
            var declaration = await DemoDeclaration.WriteAsync(folder, doors, keys, services, clock.GetUtcNow(), cancelled);
            var gateway = await GatewayHost.StartAsync(new GatewayOptions { DeclarationPath = declaration, Clock = clock, Events = events }, cancelled);
            return new DemoSite(declaration, doors, keys, services, gateway);
        }
        catch
        {
            if (services is not null) await services.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
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
}
