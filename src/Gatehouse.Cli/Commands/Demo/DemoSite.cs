using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// The running demo: the retailer's issuer and services, a folder with the declaration, and the gateway. All of it is gone when it is disposed of.
/// </summary>
internal sealed class DemoSite : IAsyncDisposable
{
    private const int Attempts = 5;
    private const string ServicesLogName = "services.log";
    private readonly DemoServices _services;
    private readonly RunningGateway _gateway;

    private DemoSite(string declaration, DemoDoors doors, DemoKeys keys, DemoCertificates certificates, DemoIssuer issuer, DemoServices services,
        RunningGateway gateway)
    {
        Declaration = declaration;
        Doors = doors;
        Keys = keys;
        Certificates = certificates;
        Issuer = issuer;
        _services = services;
        _gateway = gateway;
    }

    /// <summary>The path of the declaration that is served.</summary>
    public string Declaration { get; }

    /// <summary>The path of the gateway's access log.</summary>
    public string AccessLog => Beside("access.log");

    /// <summary>The path of the log in which the services say what they refused.</summary>
    public string ServicesLog => Beside(ServicesLogName);

    public DemoDoors Doors { get; }

    public DemoKeys Keys { get; }

    public DemoCertificates Certificates { get; }

    public DemoIssuer Issuer { get; }

    /// <summary>Where one of the orders services is.</summary>
    public Uri Orders => _services.All[0].Address;

    /// <summary>The folder with everything that the demo writes.</summary>
    public string Folder => Path.GetDirectoryName(Declaration)!;

    /// <summary>Starts everything. Another program may take a port between its choice and its use: then others are chosen.</summary>
    public static async Task<DemoSite> StartAsync(TimeProvider clock, TextWriter events, CancellationToken cancelled)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(clock, events, cancelled);
            }
            catch (Exception e) when (e is GatewayStartException { InnerException: not null } or IOException && attempt < Attempts)
            {
                // it could not listen
            }
        }
    }

    /// <summary>A token of a client that the demo's issuers know, for a person whom they know, or for the client itself.</summary>
    public DemoToken Token(string client, string? person = null)
    {
        var speaksFor = person is null ? "" : " --person " + person;
        var elsewhere = Doors.Issuer.Port == DemoDoors.FriendlyIssuer ? "" : $" --issuer {Doors.Issuer.GetLeftPart(UriPartial.Authority)}";
        return new DemoToken(
            Issuer.Tokens.For(DemoClient.Find(client)!, person is null ? null : DemoPerson.Find(person)!),
            $"$({DemoProgram.Name} demo token --client {client}{speaksFor}{elsewhere})",
            person);
    }

    /// <summary>A token that no issuer gives, as a file in the demo's folder.</summary>
    public DemoToken FaultyToken(string name, string token)
    {
        File.WriteAllText(Beside(name + ".token"), token);
        return new DemoToken(token, $"$(cat {name}.token)", null);
    }

    /// <summary>Drains: what is in flight finishes.</summary>
    public Task StopAsync() => _gateway.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _services.DisposeAsync();
        await Issuer.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private string Beside(string name) => Path.Combine(Folder, name);

    private static async Task<DemoSite> StartOnceAsync(TimeProvider clock, TextWriter events, CancellationToken cancelled)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-demo-").FullName; // nobody else may look into it
        var (doors, keys) = (DemoDoors.Choose(), new DemoKeys());
        DemoIssuer? issuer = null;
        DemoServices? services = null;
        try
        {
            var certificates = DemoCertificates.Write(folder, clock.GetUtcNow());
            issuer = await DemoIssuer.StartAsync(doors.Issuer, clock, cancelled);
            services = await DemoServices.StartAsync(DemoDeclaration.TrustIn(doors), Path.Combine(folder, ServicesLogName), cancelled);
            var declaration = await DemoDeclaration.WriteAsync(folder, doors, keys, services, clock.GetUtcNow(), cancelled);
            var gateway =
                await GatewayHost.StartAsync(new GatewayOptions { DeclarationPath = declaration, Clock = clock, Events = events }, cancelled);
            return new DemoSite(declaration, doors, keys, certificates, issuer, services, gateway);
        }
        catch
        {
            if (services is not null) await services.DisposeAsync();
            if (issuer is not null) await issuer.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }
}
