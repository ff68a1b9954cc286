using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Pipeline;

/// <summary>The other end of the connection: what the socket says, whoever it is.</summary>
internal readonly record struct PeerAddress(IPAddress Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>Where the request comes from: the peer, or what trusted proxies said of it. Allow lists, limits and logs use this one.</summary>
internal readonly record struct ClientAddress(IPAddress Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>
/// By which a client is found in tables: an IPv4 address; of an IPv6 address the /64, of which one client usually has all (RFC 6177 section 2).
/// </summary>
internal static class AddressKey
{
    public static ulong Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork) return BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return address.IsIPv4MappedToIPv6 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
