using System.Net;
using Gatehouse.Certificates;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Hosting;

/// <summary>What is known of a connection before its first request: kept with it as a connection feature.</summary>
internal sealed class AcceptedConnection(PeerAddress peer)
{
    private int _underWay;

    /// <summary>The other end; an IPv4 address that is written as IPv6 is an IPv4 address.</summary>
    public PeerAddress Peer { get; } = peer;

    /// <summary>The host name of the TLS handshake (SNI, RFC 6066 section 3); null for cleartext and for a handshake that named none.</summary>
    public string? ServerName { get; set; }

    /// <summary>The version of TLS once its handshake is done, as in <c>1.3</c>; null before, and for cleartext.</summary>
    public string? TlsVersion { get; set; }

    /// <summary>What the proxy in front said of its client in its preamble; null for nothing.</summary>
    public IPAddress? ProxiedFor { get; set; }

    /// <summary>Why the handshake was refused, a constant text; null when the client's certificate is not what was wrong with it.</summary>
    public string? HandshakeFault { get; set; }

    /// <summary>The certificate that the client has sent, good or not; null for none.</summary>
    public PresentedCertificate? Presented { get; set; }

    /// <summary>What was last found of it; null before, and where the listener asked for none.</summary>
    public Standing? Standing { get; set; }

    /// <summary>The client's certificate, once it was found good; null before, and where the listener asks for none.</summary>
    public ClientCertificate? Certificate => Standing?.Verdict.Certificate;

    /// <summary>What is read of it, where that is HTTP/1.1; null before, and for HTTP/2.</summary>
    public WatchedInput? Input { get; set; }

    /// <summary>Why it is cut, a constant text; null where it is not.</summary>
    public string? Fault
    {
        get => Memory.Fault;
        set => Memory.Fault = value;
    }

    /// <summary>What is sent over it; null before that is watched.</summary>
    public WatchedOutput? Output { get; set; }

    /// <summary>Whether it has brought a request.</summary>
    public bool HasAsked { get; set; }

    /// <summary>How many exchanges of it are under way.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>What its exchanges leave for each other.</summary>
    public ConnectionMemory Memory { get; } = new();

    public void Enter() => Interlocked.Increment(ref _underWay);

    public void Leave() => Interlocked.Decrement(ref _underWay);

    public static AcceptedConnection Of(ConnectionContext connection)
    {
        var address = connection.RemoteEndPoint is IPEndPoint peer ? peer.Address : IPAddress.None;
        return new AcceptedConnection(new PeerAddress(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));
    }
}
