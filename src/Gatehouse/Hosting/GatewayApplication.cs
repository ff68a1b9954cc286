using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Hosting;

/// <summary>
/// What Kestrel calls for each request of one data listener: opens the exchange and runs it. There is no ASP.NET pipeline between: no scopes, no
/// diagnostics, no middleware.
/// </summary>
internal sealed class GatewayApplication(
    int index, Activation activation, ClientAdmission clients, DrainState drain, UnderWay underWay, TimeProvider clock)
    : IHttpApplication<RequestSlot>
{
    public RequestSlot CreateContext(IFeatureCollection contextFeatures)
    {
        var slot = SlotOf(contextFeatures);
        slot.Http.Initialize(contextFeatures);
        slot.IsOpen = true;
        slot.HeadFault = FaultOfHead(slot);
        underWay.Enter();
        slot.Connection.Enter();
        return slot;
    }

    public Task ProcessRequestAsync(RequestSlot context)
    {
        var http = context.Http;
        if (context.LeftBody)
        {
            http.Abort(); // these bytes are no request: nothing is run, and nothing recorded
            return Task.CompletedTask;
        }

        var snapshot = activation.Current;
        var listener = snapshot.Listeners[index];
        var exchange = Open(http, listener, snapshot.Revision, context.Connection, context.HeadFault);
        context.Exchange = exchange;
        if (drain.IsAnnounced) exchange.IsLast = Announce(http);
        return ExchangeRunner.RunAsync(exchange, listener);
    }

    public void DisposeContext(RequestSlot context, Exception? exception)
    {
        underWay.Leave();
        context.Connection.Leave();
        if (context.Exchange is { } exchange) context.LeftBody = LeftBody.Is(exchange);
        if (!context.LeftBody) context.Connection.Input?.ExpectHead();
        context.Exchange = null;
        context.IsOpen = false;
        context.Http.Uninitialize();
    }

    /// <summary>Records what Kestrel itself has refused: bytes that are not HTTP, or more of them than a request may have.</summary>
    public void RecordRefused(IFeatureCollection features, int status)
    {
        var slot = SlotOf(features);
        if (slot.IsOpen || slot.LeftBody) return; // the exchange's own record says so; what is left of its body is no request
        var snapshot = activation.Current;
        var listener = snapshot.Listeners[index];
        var exchange = Open(new DefaultHttpContext(features), listener, snapshot.Revision, slot.Connection, null);
        exchange.Status = status;
        var refused = features.Get<IBadRequestExceptionFeature>()?.Error as RefusedBytesException;
        var (problem, reason) = status switch
        {
            StatusCodes.Status408RequestTimeout => (Problems.RequestTimeout, "the head came too slowly"),
            StatusCodes.Status414UriTooLong => (Problems.TargetTooLong, "the target is too long"),
            StatusCodes.Status431RequestHeaderFieldsTooLarge => (Problems.HeadersTooLarge, "the header fields are too many or too large"),
            _ => (Problems.MalformedRequest, refused?.Message ?? "not HTTP as the parser takes it"),
        };
        ExchangeRunner.RecordOnly(exchange, listener, problem, reason);
    }

    /// <summary>
    /// Every head of HTTP/1.1 was seen as bytes, or it is not served. Those of HTTP/2 are frames: nothing in them is a matter of spelling.
    /// </summary>
    private static string? FaultOfHead(RequestSlot slot) =>
        HttpProtocol.IsHttp2(slot.Http.Request.Protocol) ? null
        : slot.Connection.Input is { } input ? input.TakeHead()
        : "the head was not seen";

    private static RequestSlot SlotOf(IFeatureCollection features)
    {
        // Kestrel keeps a slot for each HTTP/1.1 connection and each pooled HTTP/2 stream
        if (features is not IHostContextContainer<RequestSlot> container) return new RequestSlot(ConnectionOf(features));
        return container.HostContext ??= new RequestSlot(ConnectionOf(features));
    }

    private static AcceptedConnection ConnectionOf(IFeatureCollection features) => features.GetRequiredFeature<AcceptedConnection>();

    /// <summary>
    /// Connections of HTTP/1.1 end with their next answer (RFC 9112 section 9.6). Those of HTTP/2 are told that the end is near, and end with the
    /// last of the streams that come until they know (RFC 9113 section 6.8).
    /// </summary>
    /// <returns>Whether the answer has to say that it is the last of its connection.</returns>
    private static bool Announce(HttpContext http)
    {
        if (HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            return false;
        }

        if (http.Request.Headers.ContainsKey(HeaderNames.Upgrade)) return false;
        http.Response.Headers.Connection = "close";
        return true;
    }

    private Exchange Open(HttpContext http, CompiledListener listener, long revision, AcceptedConnection connection, string? headFault)
    {
        var now = clock.GetUtcNow();
        connection.HasAsked = true;
        string? fault = null;
        var stream = connection.Memory.Streams is not null ? http.Features.Get<IHttp2StreamIdFeature>()?.StreamId ?? 0 : 0;
        if (stream != 0) connection.Memory.Streams!.Begin(stream);
        var certificate = listener.Clients is { } trust ? clients.Of(connection, trust, now, out fault) : null;
        var exchange = new Exchange(http, listener.Listener, revision, clock.GetTimestamp(), RequestIds.Next(now), connection.Peer)
        {
            ServerName = connection.ServerName,
            TlsVersion = connection.TlsVersion,
            ProxiedFor = connection.ProxiedFor,
            Certificate = certificate,
            Connection = connection.Memory,
            Stream = stream,
            CertificateFault = fault,
            HeadFault = headFault,
            Nominated = connection.Input?.Nominated,
        };
        if (connection.ProxiedFor is { } client) exchange.Client = new ClientAddress(client);
        return exchange;
    }
}

/// <summary>What is reused from request to request of one connection.</summary>
internal sealed class RequestSlot(AcceptedConnection connection)
{
    public DefaultHttpContext Http { get; } = new();

    public AcceptedConnection Connection { get; } = connection;

    /// <summary>Whether an exchange is under way.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Why the head of the request under way is refused, as its bytes came; null for nothing.</summary>
    public string? HeadFault { get; set; }

    /// <summary>The exchange that is under way, if there is one.</summary>
    public Exchange? Exchange { get; set; }

    /// <summary>
    /// Whether the last exchange has left the connection in the middle of its body: Kestrel, after an abort, takes the rest for requests.
    /// </summary>
    public bool LeftBody { get; set; }
}
