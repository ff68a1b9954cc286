using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>listeners</c>: where requests come in, from whom, and for which exposures.</summary>
internal static class ListenerSection
{
    public static readonly Key<IPEndPoint> Address = new(
        "address",
        NetworkShapes.EndPoint(),
        "The address and port to listen on: 127.0.0.1:8080 or [::1]:8080.")
    {
        Required = true,
    };
    public static readonly Key<IReadOnlyList<string>> Hosts = new(
        "hosts",
        Shapes.List(Shapes.Host(), 1, 100),
        "The hosts that may be asked for; without them only the listener's own address and localhost.");
    public static readonly Key<IReadOnlyList<Exposure>> Serves = new(
        "serves",
        Shapes.List(DecisionShapes.Exposure(), 1, 4),
        "The exposures that the listener serves, and no others.")
    {
        Required = true,
    };
    public static readonly Key<Networks> Networks = new("networks", new AllowList(), "The networks that a connection may come from.");
    public static readonly Key<TrustedProxies> Proxies = new(
        "proxies",
        ProxiesSection.Shape,
        "The proxies in front whose word about the client's address is taken.");
    public static readonly Key<bool> ProxyProtocol = new(
        "proxyProtocol",
        Shapes.Flag(),
        "Whether the proxies begin each connection with the client's address (PROXY protocol, version 1 or 2); nobody else may connect then.");
    public static readonly Key<IReadOnlyList<Protocols>> Speaks = new(
        "protocols",
        Shapes.List(Shapes.OneOf(("http1", Protocols.Http1), ("http2", Protocols.Http2)), 1, 2),
        "The versions of HTTP: both with TLS, http1 without, unless written.");
    public static readonly Key<TlsText> Tls = new(
        "tls",
        TlsSection.Shape,
        "The certificate and key. Without them the listener speaks cleartext, which only loopback may.");
    public static readonly Key<AddressRules> Addresses = new(
        "addresses",
        AddressRules.Shape,
        "The client addresses that may call and may not, as far as trusted proxies say who the client is.");
    public static readonly Key<IntakeLimits> Intake = new("intake", IntakeSection.Shape, "How large and how slow a request may be.");
    public static readonly Key<ThrottleLimits> Throttle = new(
        "throttle",
        ThrottleSection.Shape,
        "How many bad credentials an address may present before they are refused unseen.");

    public static readonly Section<SectionReader> Shape = new Section<SectionReader>("a listener",
        [Address, Hosts, Serves, Networks, Proxies, ProxyProtocol, Speaks, Tls, Addresses, Intake, Throttle], text => text);

    /// <summary>The listener as far as its text goes, or null when it says too little.</summary>
    public static Listener? Read(Named<SectionReader> written, NamedFiles files)
    {
        var text = written.Value;
        var (address, serves, tls, speaks) = (text.Get(Address), text.Get(Serves), text.Get(Tls), text.Get(Speaks));
        var (hosts, networks, proxies) = (text.Get(Hosts), text.Get(Networks), text.Get(Proxies));
        var (addresses, intake) = (text.Get(Addresses), text.Get(Intake));
        var certificate = tls is null ? null : TlsSection.Read(tls, files);
        if (address is null || serves is null) return null;
        return new Listener
        {
            Name = written.Name,
            Address = address,
            Serves = serves.ToHashSet(),
            Hosts = hosts ?? [],
            Networks = networks,
            Addresses = addresses,
            Proxies = proxies,
            ProxyProtocol = text.Get(ProxyProtocol, false),
            Protocols = speaks?.Aggregate((a, b) => a | b) ?? (text.Has(Tls) ? Protocols.Http1 | Protocols.Http2 : Protocols.Http1),
            Tls = certificate,
            Intake = intake ?? new IntakeLimits(),
            Throttle = text.Get(Throttle) ?? new ThrottleLimits(),
            Place = written.NamePlace,
        };
    }
}

/// <summary><c>proxies</c> of a listener.</summary>
internal static class ProxiesSection
{
    public static readonly Key<Networks> Networks = new("networks", NetworkShapes.Networks(), "Where the proxies are.") { Required = true };
    public static readonly Key<int> Hops = new("hops", Shapes.Whole(1, 10), "How many proxies a request may pass through.");

    public static readonly Shape<TrustedProxies> Shape = new Section<TrustedProxies>("trusted proxies", [Networks, Hops], Read);

    private static TrustedProxies? Read(SectionReader text)
    {
        if (!text.Has(Hops))
            text.Findings.Add(Rules.TrustedProxy, text.Place, "trusted proxies need 'hops'", "hops: 1 when one proxy stands in front");
        if (text.Find(Networks) is not { } networks || text.Find(Hops) is not { } hops) return null;
        if (!AllowList.IsNearlyEverything(networks.Value)) return new TrustedProxies(networks.Value, hops.Value);
        text.Findings.Add(
            Rules.TrustedProxy,
            networks.Place,
            $"{networks.Value} would trust nearly everybody's word",
            "name the addresses of the proxies");
        return null;
    }
}

/// <summary><c>intake</c> of a listener.</summary>
internal static class IntakeSection
{
    private static readonly IntakeLimits Usual = new();

    public static readonly Key<ByteSize> Target = new(
        "target",
        Shapes.Size(new ByteSize(256), ByteSize.KiB(64)),
        "The longest request target; 8KiB unless written.");
    public static readonly Key<ByteSize> Headers = new(
        "headers",
        Shapes.Size(ByteSize.KiB(1), ByteSize.KiB(256)),
        "All header fields together; 32KiB unless written.");
    public static readonly Key<int> HeaderCount = new("headerCount", Shapes.Whole(10, 1000), "The most header fields; 100 unless written.");
    public static readonly Key<TimeSpan> Head = new(
        "head",
        Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        "How long a client may take for a request's head; 10s unless written.");
    public static readonly Key<TimeSpan> Idle = new(
        "idle",
        Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
        "How long a connection may lie idle, though it pings; 60s unless written.");
    public static readonly Key<int> Connections = new(
        "connections",
        Shapes.Whole(1, 1_000_000),
        "The most connections at once; 10000 unless written.");

    public static readonly Key<int> ConnectionsPerAddress = new(
        "connectionsPerAddress",
        Shapes.Whole(1, 1_000_000),
        "The most connections of one client address (IPv6: one /64); 1000 unless written. Those of trusted proxies count for nobody.");
    public static readonly Key<int> Streams = new("streams", Shapes.Whole(1, 1000), "The most streams of an HTTP/2 connection; 100 unless written.");
    public static readonly Key<int> StreamsPerAddress = new(
        "streamsPerAddress",
        Shapes.Whole(1, 1_000_000),
        "The most HTTP/2 streams of one client address (IPv6: one /64) at once, until their answers have left, and requests that trusted proxies bring "
        + "for it; 1000 unless written.");
    public static readonly Key<int> Rate = new(
        "rate",
        Shapes.Whole(1, 1_000_000),
        "Bytes a second at which a client has to send a body and to take a response; 1000 unless written.");
    public static readonly Key<TimeSpan> Grace = new(
        "grace",
        Shapes.Duration(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)),
        "How long a client may be slower than 'rate'; 5s unless written.");

    public static readonly Shape<IntakeLimits> Shape = new Section<IntakeLimits>("intake",
        [Target, Headers, HeaderCount, Head, Idle, Connections, ConnectionsPerAddress, Streams, StreamsPerAddress, Rate, Grace], Read);

    private static IntakeLimits Read(SectionReader text) => new()
    {
        Target = (int)text.Get(Target, new ByteSize(Usual.Target)).Bytes,
        Headers = (int)text.Get(Headers, new ByteSize(Usual.Headers)).Bytes,
        HeaderCount = text.Get(HeaderCount, Usual.HeaderCount),
        Head = text.Get(Head, Usual.Head),
        Idle = text.Get(Idle, Usual.Idle),
        Connections = text.Get(Connections, Usual.Connections),
        ConnectionsPerAddress = text.Get(ConnectionsPerAddress, Usual.ConnectionsPerAddress),
        Streams = text.Get(Streams, Usual.Streams),
        StreamsPerAddress = text.Get(StreamsPerAddress, Usual.StreamsPerAddress),
        Rate = text.Get(Rate, Usual.Rate),
        Grace = text.Get(Grace, Usual.Grace),
    };
}
