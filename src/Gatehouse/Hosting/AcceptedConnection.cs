using System.Net;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Hosting;

/// <summary>What is known of a connection before its first request: kept with it as a connection feature.</summary>
internal sealed class AcceptedConnection(PeerAddress peer)
{
    /// <summary>The other end; an IPv4 address that is written as IPv6 is an IPv4 address.</summary>
    public PeerAddress Peer { get; } = peer;

    /// <summary>The host name of the TLS handshake (SNI, RFC 6066 section 3); null for cleartext and for a handshake that named none.</summary>
    public string? ServerName { get; set; }

    /// <summary>The version of TLS once its handshake is done, as in <c>1.3</c>; null before, and for cleartext.</summary>
    public string? TlsVersion { get; set; }

    /// <summary>The client's certificate, once it was found good; null before, and where the listener asks for none.</summary>
    public ClientCertificate? Certificate { get; set; }

    /// <summary>What its exchanges leave for each other.</summary>
    public ConnectionMemory Memory { get; } = new();

    public static AcceptedConnection Of(ConnectionContext connection)
    {
        var address = connection.RemoteEndPoint is IPEndPoint peer ? peer.Address : IPAddress.None;
        return new AcceptedConnection(new PeerAddress(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));
    }
}
