using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Hosting;

/// <summary>
/// Stands before everything else on a data listener: connections from outside its networks, and connections beyond its number, are cut before a byte
/// of
/// them is read. All of these are counted, and so are connections that end before they are encrypted where they have to be; of each kind only the
/// first
/// is told, for a stranger must not be able to fill a log.
/// </summary>
/// <param name="tls">Whether the listener speaks TLS.</param>
internal sealed class ConnectionGate(int index, bool tls, Activation activation, GatehouseMeter meter, EventWriter events)
{
    private readonly HashSet<string> _told = [];
    private int _open;

    public ConnectionDelegate Before(ConnectionDelegate next) => connection => AcceptAsync(connection, next);

    private async Task AcceptAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var listener = activation.Current.Listeners[index].Listener;
        var accepted = AcceptedConnection.Of(connection);
        if (listener.Networks is { } networks && !networks.Contain(accepted.Peer.Value))
        {
            Refuse(connection, listener.Name, "outside the networks");
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _open) > listener.Intake.Connections)
            {
                Refuse(connection, listener.Name, "too many connections");
                return;
            }

            connection.Features.Set(accepted);
            await next(connection);
            if (tls && accepted.TlsVersion is null) Count(listener.Name, "no TLS handshake");
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private void Refuse(ConnectionContext connection, string listener, string reason)
    {
        connection.Abort(new ConnectionAbortedException(reason));
        Count(listener, reason);
    }

    private void Count(string listener, string reason)
    {
        meter.RefusedConnections(listener, reason).Add();
        lock (_told)
        {
            if (!_told.Add(reason)) return;
        }

        events.Write($"listener '{listener}' cuts connections: {reason}; further ones are only counted, in gatehouse.connections.refused");
    }
}
