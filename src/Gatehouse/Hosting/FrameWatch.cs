using System.IO.Pipelines;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// Looks at each connection of HTTP/2, frame by frame, and never changes it. Who floods is cut: Kestrel says GOAWAY and ends the streams of that
/// connection, and of no other. So is who does not take the answers that are written, and who asks nothing for too long: a ping keeps Kestrel waiting
/// for either.
/// </summary>
/// <param name="refused">Told of each stream that Kestrel has taken back before it was an exchange.</param>
internal sealed class FrameWatch(
    int index, Protocols protocols, Activation activation, Action<AcceptedConnection, FrameHead> refused, TimeProvider clock)
{
    /// <summary>What may wait when answers are written: what may be sent before the client says more (RFC 9113 section 6.9.2).</summary>
    private const int Waiting = 64 * 1024;

    /// <summary>Kestrel ends connections that are quiet, and is given the time to.</summary>
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(2);

    /// <summary>Stands between TLS and HTTP.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        var isHttp2 = protocols == Protocols.Http2
            || connection.Features.Get<ITlsApplicationProtocolFeature>() is { } tls && tls.ApplicationProtocol.Span.SequenceEqual("h2"u8);
        return isHttp2 ? ServeAsync(connection, next) : next(connection);
    };

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var (transport, accepted) = (connection.Transport, connection.Features.GetRequiredFeature<AcceptedConnection>());
        var toll = new FrameToll(() => accepted.Output?.Sent ?? 0, clock);
        var streams = new OpenStreams(clock);
        accepted.Memory.Streams = streams;
        connection.Transport = new Duplex(
            new WatchedFrames(transport.Input, toll, streams, accepted), new SentFrames(transport.Output, streams, Refuse));
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(_ => Look(connection, accepted, streams), streams);
        try
        {
            await OverdueServing.ServeAsync(connection, accepted, next, TimeProvider.System);
        }
        finally
        {
            streams.Close();
        }

        void Refuse(FrameHead frame)
        {
            toll.Refuse();
            refused(accepted, frame);
        }
    }

    private void Look(ConnectionContext connection, AcceptedConnection accepted, OpenStreams streams)
    {
        var intake = activation.Current.Listeners[index].Listener.Intake;
        if (streams.WaitsSince is { } since && clock.GetElapsedTime(since) > intake.Grace + TimeSpan.FromSeconds((double)Waiting / intake.Rate))
        {
            accepted.Fault = StallWatch.Fault;
            connection.Abort(new ConnectionAbortedException(StallWatch.Fault));
        }
        else if (streams.QuietSince is { } quiet && clock.GetElapsedTime(quiet) > intake.Idle + Later)
        {
            accepted.Fault = accepted.HasAsked ? ConnectionEnds.Idle : ConnectionEnds.NothingAsked;
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>More frames than anybody needs. Kestrel answers what it does not know with GOAWAY.</summary>
internal sealed class FrameFloodException(string reason) : Exception(reason);
