using System.IO.Pipelines;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// Cuts connections whose client does not take what is sent to it. Kestrel's own minimum rate gives each byte that was ever written its time, so that
/// who takes the first megabytes at once may then stand still for hours; here only what is waiting counts.
/// </summary>
internal sealed class StallWatch(int index, Activation activation, TimeProvider clock)
{
    /// <summary>Why such a connection is cut.</summary>
    public const string Fault = "reads too slowly";

    /// <summary>What the client has to take before more is written: half of the 64 KiB that Kestrel lets wait.</summary>
    private const int Waiting = 32 * 1024;

    /// <summary>Stands before TLS, where the bytes leave.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        var output = new WatchedOutput(connection.Transport.Output, clock);
        connection.Transport = new Duplex(connection.Transport.Input, output);
        connection.Features.GetRequiredFeature<AcceptedConnection>().Output = output;
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(_ => Look(connection, output), output);
        return next(connection);
    };

    private void Look(ConnectionContext connection, WatchedOutput output)
    {
        if (output.StallsSince is not { } since) return;
        var intake = activation.Current.Listeners[index].Listener.Intake;
        if (clock.GetElapsedTime(since) < intake.Grace + TimeSpan.FromSeconds((double)Waiting / intake.Rate)) return;
        connection.Features.GetRequiredFeature<AcceptedConnection>().Fault = Fault;
        connection.Abort(new ConnectionAbortedException(Fault));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
