using System.Net;
using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// Stands before everything else on a data listener: connections from outside its networks, and connections beyond its number, are cut before a byte
/// of them is read. All of these are counted, and so are connections that end before they are encrypted where they have to be; of each kind only the
/// first is told, for a stranger must not be able to fill a log.
/// </summary>
/// <param name="tls">Whether the listener speaks TLS.</param>
/// <param name="trail">Has the handshakes that were refused; null where there is no trail.</param>
internal sealed class ConnectionGate(
    int index, bool tls, Activation activation, GatehouseMeter meter, EventWriter events, TimeProvider clock, AuditTrail? trail = null)
{
    private static readonly TimeSpan LongestPreamble = TimeSpan.FromSeconds(5);
    private readonly HashSet<string> _told = [];
    private readonly AddressShares _shares = new();
    private readonly LineBudget _lines = new(clock);
    private readonly LineBudget _handshakes = new(clock);
    private int _open;

    public ConnectionDelegate Before(ConnectionDelegate next) => connection => AcceptAsync(connection, next);

    private async Task AcceptAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var compiled = activation.Current.Listeners[index];
        var listener = compiled.Listener;
        var accepted = AcceptedConnection.Of(connection);
        if (listener.Networks is { } networks && !networks.Contain(accepted.Peer.Value))
        {
            Refuse(connection, listener.Name, "outside the networks");
            return;
        }

        ulong? share = null;
        try
        {
            if (Interlocked.Increment(ref _open) > listener.Intake.Connections)
            {
                Refuse(connection, listener.Name, "too many connections", accepted);
                return;
            }

            connection.Features.Set(accepted);
            connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new(ConnectionEnds.Tag, accepted));
            if (listener.ProxyProtocol && await TakePreambleAsync(connection, accepted, listener) is { } fault)
            {
                Refuse(connection, listener.Name, fault);
                return;
            }

            if (ClientOf(accepted, listener) is { } client)
            {
                var key = AddressKey.Of(client);
                if (!_shares.TryTake(key, listener.Intake.ConnectionsPerAddress))
                {
                    Refuse(connection, listener.Name, "too many connections of one address", accepted);
                    return;
                }

                share = key;
            }

            await next(connection);
            if (!tls || accepted.TlsVersion is not null) return;
            const string reason = "no TLS handshake";
            if (compiled.Clients is not null) Record(listener.Name, accepted, accepted.HandshakeFault ?? reason);
            Count(listener.Name, reason);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            if (share is { } key) _shares.GiveBack(key);
        }
    }

    /// <summary>Hears how a connection has ended: that of a slow, idle or greedy client is counted and, within bounds, recorded.</summary>
    /// <param name="why">In Kestrel's words.</param>
    public void Ended(AcceptedConnection accepted, string why)
    {
        if ((accepted.Fault ?? ConnectionEnds.FaultOf(accepted, why)) is not { } fault) return;
        var listener = activation.Current.Listeners[index].Listener.Name;
        meter.CutConnections(listener, fault).Add();
        if (!ReferenceEquals(fault, ConnectionEnds.Idle)) Write(ConnectionLine.Cut, listener, accepted, fault);
    }

    /// <summary>Hears of a stream that Kestrel has taken back before it was an exchange: no record of an exchange says so.</summary>
    public void StreamRefused(AcceptedConnection accepted, FrameHead reset)
    {
        var (problem, reason) = reset.Code == FrameHead.Refused
            ? (Problems.TooManyStreams, "more streams than a connection may have")
            : (Problems.MalformedRequest, "not a request as the parser takes it");
        meter.Refusals(problem.Name, "parser").Add();
        Write(ConnectionLine.StreamRefused, activation.Current.Listeners[index].Listener.Name, accepted, reason);
    }

    /// <summary>Whose connection it is, as far as that is known before a request; null for those of proxies, which carry requests of many.</summary>
    private static IPAddress? ClientOf(AcceptedConnection accepted, Listener listener)
    {
        var client = listener.ProxyProtocol ? accepted.ProxiedFor : accepted.Peer.Value; // the preamble of a balancer may name a proxy
        return client is not null && listener.Proxies is { } proxies && proxies.Networks.Contain(client) ? null : client;
    }

    /// <summary>Reads what the proxy says of its client. Null when it has; otherwise why the connection is cut.</summary>
    private async ValueTask<string?> TakePreambleAsync(ConnectionContext connection, AcceptedConnection accepted, Listener listener)
    {
        if (listener.Proxies is not { } proxies || !proxies.Networks.Contain(accepted.Peer.Value)) return "not one of the proxies";
        using var late = new CancellationTokenSource(LongestPreamble, clock);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(late.Token);
                var state = ProxyPreamble.Read(read.Buffer, out var length, out var client);
                if (state == PreambleState.Complete)
                {
                    accepted.ProxiedFor = client;
                    input.AdvanceTo(read.Buffer.GetPosition(length));
                    return null;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (state == PreambleState.Wrong || read.IsCompleted) return "no PROXY preamble";
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            return "no PROXY preamble";
        }
    }

    /// <summary>A stranger needs no credential for this, and may not fill a log or the trail: what is too much is counted.</summary>
    private void Record(string listener, AcceptedConnection accepted, string reason)
    {
        var (peer, presented) = (accepted.Peer.Value, accepted.Presented);
        var handshake = new RefusedHandshake(
            listener, accepted.ProxiedFor ?? peer, peer, accepted.ServerName, presented?.Serial, presented?.SpkiDigest, reason);
        events.Security?.HandshakeRefused(listener, handshake.Client, AddressKey.Of(handshake.Client), reason);
        if (!_handshakes.TryTake(out var before)) return;
        handshake = handshake with { Before = before };
        meter.AccessLog?.Write(HandshakeLine.Of(handshake, clock.GetUtcNow()));
        trail?.Post(HandshakeLine.RecordOf(handshake, clock.GetUtcNow()));
    }

    private void Write(string what, string listener, AcceptedConnection accepted, string reason)
    {
        if (!_lines.TryTake(out _)) return;
        var peer = accepted.Peer.Value;
        meter.AccessLog?.Write(ConnectionLine.Of(what, listener, accepted.ProxiedFor ?? peer, peer, reason, clock.GetUtcNow()));
    }

    /// <summary>Tells of it before the client can know.</summary>
    /// <param name="recorded">The connection, where its client is to be recorded.</param>
    private void Refuse(ConnectionContext connection, string listener, string reason, AcceptedConnection? recorded = null)
    {
        Count(listener, reason);
        if (recorded is not null) Write(ConnectionLine.Refused, listener, recorded, reason);
        connection.Abort(new ConnectionAbortedException(reason));
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
