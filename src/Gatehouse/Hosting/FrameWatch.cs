using System.IO.Pipelines;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// Counts what Kestrel takes of each connection of HTTP/2, frame by frame, and never changes it. Who floods is cut: Kestrel says GOAWAY and ends the
/// streams of that connection, and of no other.
/// </summary>
internal sealed class FrameWatch(Protocols protocols, TimeProvider clock)
{
    /// <summary>Stands between TLS and HTTP.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        var isHttp2 = protocols == Protocols.Http2
            || connection.Features.Get<ITlsApplicationProtocolFeature>() is { } tls && tls.ApplicationProtocol.Span.SequenceEqual("h2"u8);
        if (!isHttp2) return next(connection);
        var (transport, accepted) = (connection.Transport, connection.Features.GetRequiredFeature<AcceptedConnection>());
        var toll = new FrameToll(() => accepted.Output?.Sent ?? 0, clock);
        connection.Transport = new Duplex(new WatchedFrames(transport.Input, toll, accepted), transport.Output);
        return OverdueServing.ServeAsync(connection, accepted, next, TimeProvider.System);
    };

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>More frames than anybody needs. Kestrel answers what it does not know with GOAWAY.</summary>
internal sealed class FrameFloodException(string reason) : Exception(reason);
