using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Hosting;

/// <summary>
/// What Kestrel calls for each request of one data listener: opens the exchange and runs it. There is no ASP.NET pipeline between: no scopes, no
/// diagnostics, no middleware.
/// </summary>
internal sealed class GatewayApplication(int index, Activation activation, DrainState drain, TimeProvider clock) : IHttpApplication<RequestSlot>
{
    public RequestSlot CreateContext(IFeatureCollection contextFeatures)
    {
        var slot = SlotOf(contextFeatures);
        slot.Http.Initialize(contextFeatures);
        slot.IsOpen = true;
        return slot;
    }

    public Task ProcessRequestAsync(RequestSlot context)
    {
        var http = context.Http;
        var snapshot = activation.Current;
        var listener = snapshot.Listeners[index];
        var exchange = Open(http, listener, snapshot.Revision, context.Connection);
        if (drain.IsAnnounced) Announce(http);
        return ExchangeRunner.RunAsync(exchange, listener);
    }

    public void DisposeContext(RequestSlot context, Exception? exception)
    {
        context.IsOpen = false;
        context.LastRequest = context.Http.Features.Revision;
        context.Http.Uninitialize();
    }

    /// <summary>Records what Kestrel itself has refused: bytes that are not HTTP, or more of them than a request may have.</summary>
    public void RecordRefused(IFeatureCollection features, int status)
    {
        var slot = SlotOf(features);
        // the exchange's own record says so; after its end Kestrel may still stumble over what is left of its body, which is no request
        if (slot.IsOpen || slot.LastRequest == features.Revision) return;
        var snapshot = activation.Current;
        var listener = snapshot.Listeners[index];
        var exchange = Open(new DefaultHttpContext(features), listener, snapshot.Revision, slot.Connection);
        exchange.Status = status;
        ExchangeRunner.RecordOnly(exchange, listener, Problems.MalformedRequest, "not HTTP as the parser takes it");
    }

    private static RequestSlot SlotOf(IFeatureCollection features)
    {
        // Kestrel keeps a slot for each HTTP/1.1 connection and each pooled HTTP/2 stream
        if (features is not IHostContextContainer<RequestSlot> container) return new RequestSlot(ConnectionOf(features));
        return container.HostContext ??= new RequestSlot(ConnectionOf(features));
    }

    private static AcceptedConnection ConnectionOf(IFeatureCollection features) => features.GetRequiredFeature<AcceptedConnection>();

    /// <summary>Connections of HTTP/1.1 end with their next answer; those of HTTP/2 are told when listening stops.</summary>
    private static void Announce(HttpContext http)
    {
        if (HttpProtocol.IsHttp11(http.Request.Protocol) && !http.Request.Headers.ContainsKey(HeaderNames.Upgrade)) http.Response.Headers.Connection = "close";
    }

    private Exchange Open(HttpContext http, CompiledListener listener, long revision, AcceptedConnection connection) =>
        new(http, listener.Listener, revision, clock.GetTimestamp(), RequestIds.Next(clock.GetUtcNow()), connection.Peer)
        {
            ServerName = connection.ServerName,
            TlsVersion = connection.TlsVersion,
        };
}

/// <summary>What is reused from request to request of one connection.</summary>
internal sealed class RequestSlot(AcceptedConnection connection)
{
    public DefaultHttpContext Http { get; } = new();

    public AcceptedConnection Connection { get; } = connection;

    /// <summary>Whether an exchange is under way.</summary>
    public bool IsOpen { get; set; }

    /// <summary>The features' revision during the last exchange: Kestrel counts it up when it turns to the next request.</summary>
    public int LastRequest { get; set; } = -1;
}
