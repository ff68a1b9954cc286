using System.Net;
using System.Text;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Hosting;

/// <summary>
/// One listening socket with a Kestrel of its own, so that every limit is this listener's. Only Kestrel is taken from ASP.NET: no pipeline, no
/// configuration, no logging stand behind it.
/// </summary>
internal sealed class ListeningServer : IAsyncDisposable
{
    private readonly ServiceProvider _parts;
    private readonly IServer _server;
    private readonly BadRequests _badRequests;
    private readonly ConnectionEnds? _ends;
    private readonly ConnectionPulse _pulse = new();
    private ListenOptions _listen = null!;

    private ListeningServer(ListeningPlan plan)
    {
        _badRequests = new BadRequests(plan.Refused);
        var builder = new KestrelParts(_badRequests.Source);
        if (plan.Ended is { } ended) _ends = new ConnectionEnds(builder, ended);
        builder.UseKestrelCore();
        if (plan.Tls) builder.UseKestrelHttpsConfiguration();
        builder.ConfigureServices(services => services.Configure<KestrelServerOptions>(kestrel => Configure(kestrel, plan)));
        _parts = builder.Make();
        _server = _parts.GetRequiredService<IServer>();
    }

    /// <summary>The address that is listened on: the real port when 0 was asked for.</summary>
    public IPEndPoint Address => _listen.IPEndPoint!;

    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public static async Task<ListeningServer> StartAsync<T>(ListeningPlan plan, IHttpApplication<T> application, CancellationToken cancel)
        where T : notnull
    {
        var server = new ListeningServer(plan);
        try
        {
            await server._server.StartAsync(application, cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops listening and lets what is in flight finish, until <paramref name="hurry"/>; then connections are cut.</summary>
    public async Task StopAsync(CancellationToken hurry)
    {
        var stopping = _server.StopAsync(hurry);
        await using var pulse = _pulse.Begin();
        await stopping;
    }

    public async ValueTask DisposeAsync()
    {
        await _parts.DisposeAsync();
        _badRequests.Dispose();
        _ends?.Dispose();
    }

    private void Configure(KestrelServerOptions kestrel, ListeningPlan plan)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1; // as a backend's fields are read: their bytes stay the same
        var limits = kestrel.Limits;
        if (plan.Connections is null) limits.MaxConcurrentConnections = plan.Intake.Connections; // elsewhere the gate counts, by address
        limits.MaxRequestBodySize = null; // the body policy decides, by route
        limits.MaxRequestLineSize = plan.Intake.Target + 64; // room for the method and the version
        limits.MaxRequestHeadersTotalSize = plan.Intake.Headers;
        limits.MaxRequestHeaderCount = plan.Intake.HeaderCount;
        limits.RequestHeadersTimeout = plan.Intake.Head;
        limits.KeepAliveTimeout = plan.Intake.Idle;
        limits.MinRequestBodyDataRate = new MinDataRate(plan.Intake.Rate, plan.Intake.Grace);
        limits.MinResponseDataRate = new MinDataRate(plan.Intake.Rate, plan.Intake.Grace);
        limits.Http2.MaxRequestHeaderFieldSize = plan.Intake.Headers;
        limits.Http2.MaxStreamsPerConnection = plan.Intake.Streams;
        kestrel.Listen(plan.Address, listen =>
        {
            _listen = listen;
            listen.Protocols = plan.Protocols switch
            {
                Protocols.Http1 => HttpProtocols.Http1,
                Protocols.Http2 => HttpProtocols.Http2,
                _ => HttpProtocols.Http1AndHttp2,
            };
            listen.Use(_pulse.Before);
            plan.Connections?.Invoke(listen);
        });
    }
}

/// <summary>What a socket is opened for.</summary>
internal sealed record ListeningPlan(IPEndPoint Address, Protocols Protocols, IntakeLimits Intake)
{
    public bool Tls { get; init; }

    /// <summary>Adds what connections pass through before HTTP.</summary>
    public Action<ListenOptions>? Connections { get; init; }

    /// <summary>Told of a request that Kestrel refuses itself, with the status of its bare answer.</summary>
    public Action<IFeatureCollection, int>? Refused { get; init; }

    /// <summary>Told of each connection that Kestrel has ended, and why in its words.</summary>
    public Action<AcceptedConnection, string>? Ended { get; init; }
}
