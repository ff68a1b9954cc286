using System.Net;

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
