using System.Net;
using Gatehouse.Configuration;

namespace Gatehouse.Routes;

/// <summary>Where requests come in. A listener serves only the exposures that it names.</summary>
internal sealed class Listener
{
    public required string Name { get; init; }

    public required IPEndPoint Address { get; init; }

    public required IReadOnlySet<Exposure> Serves { get; init; }

    /// <summary>The hosts that may be asked for, in lower case; empty: only the listener's own address and localhost.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The networks that a connection may come from; null for any.</summary>
    public required Networks? Networks { get; init; }

    /// <summary>The clients that may call, as far as trusted proxies say who they are; null for any.</summary>
    public AddressRules? Addresses { get; init; }

    /// <summary>The proxies whose word about the client's address is taken; null for none.</summary>
    public required TrustedProxies? Proxies { get; init; }

    /// <summary>Whether each connection begins with what a proxy says of its client (PROXY protocol); then none comes from elsewhere.</summary>
    public bool ProxyProtocol { get; init; }

    public required Protocols Protocols { get; init; }

    /// <summary>Null for cleartext, which only a loopback address may speak.</summary>
    public required TlsFiles? Tls { get; init; }

    public required IntakeLimits Intake { get; init; }

    /// <summary>What guessing credentials costs the guesser.</summary>
    public ThrottleLimits Throttle { get; init; } = new();

    public required Place Place { get; init; }

    public override string ToString() => Name;
}

/// <summary>The HTTP versions that a listener speaks.</summary>
[Flags]
internal enum Protocols
{
    Http1 = 1,
    Http2 = 2,
}

/// <summary>The files of a listener's certificate chain and private key, both PEM, as paths that can be opened.</summary>
internal sealed record TlsFiles(string Certificate, string Key, Place Place)
{
    /// <summary>Whose client certificates are asked for; null where none are.</summary>
    public ClientAuthorities? Clients { get; init; }

    /// <summary>For how long browsers are told to come by TLS only (RFC 6797); zero for not telling them.</summary>
    public TimeSpan Hsts { get; init; } = UsualHsts;

    public static TimeSpan UsualHsts { get; } = TimeSpan.FromDays(365);
}

/// <param name="Networks">Where the proxies are.</param>
/// <param name="Hops">How many of them a request may pass through.</param>
internal sealed record TrustedProxies(Networks Networks, int Hops);

/// <summary>How large and how slow a request may be on a listener.</summary>
internal sealed record IntakeLimits
{
    /// <summary>Bytes of the request target.</summary>
    public int Target { get; init; } = 8 * 1024;

    /// <summary>Bytes of all header fields together.</summary>
    public int Headers { get; init; } = 32 * 1024;

    /// <summary>Number of header fields.</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>How long a client may take for a request's head.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may lie idle between requests.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Connections open at once.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Connections of one client address open at once; those of a trusted proxy count for nobody.</summary>
    public int ConnectionsPerAddress { get; init; } = 1000;

    /// <summary>Streams of one connection of HTTP/2 open at once.</summary>
    public int Streams { get; init; } = 100;

    /// <summary>
    /// Streams of HTTP/2 of one client address open at once, over all of its connections, and requests that trusted proxies bring for it.
    /// </summary>
    public int StreamsPerAddress { get; init; } = 1000;

    /// <summary>Bytes a second at which a client has to send a body, and to take a response that is waiting for it.</summary>
    public int Rate { get; init; } = 1000;

    /// <summary>How long a client may be slower than that before its connection ends.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);
}
