using System.Collections.Frozen;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Adapt;

/// <summary>Why an adaptation may not touch a header field.</summary>
/// <param name="Reason">As in "'Host' decides where the request goes".</param>
/// <param name="MayBeRemoved">Whether it may be taken away: that can only narrow what the other side learns.</param>
internal sealed record Reservation(string Reason, bool MayBeRemoved = false);

/// <summary>The header fields that are the gateway's own business.</summary>
internal sealed class ReservedHeaders
{
    private static readonly Reservation Framing = new("says where the message ends (RFC 9112 section 6)");
    private static readonly Reservation Content = new("says what the body is, which was judged by what the client has said");
    private static readonly Reservation Hop = new("is for one connection only (RFC 9110 section 7.6.1)");
    private static readonly Reservation Routing = new("decides where the request goes");
    private static readonly Reservation Identity = new("says who is calling");
    private static readonly Reservation Credential = new("carries a credential", MayBeRemoved: true);
    private static readonly Reservation Origin = new("says where the request comes from");
    private static readonly Reservation Trace = new("ties the request to its record");
    private static readonly Reservation Limit = new("says what the gateway's limits allow");
    private static readonly Reservation CrossOrigin = new("opens the answer to other sites' scripts");

    private static readonly FrozenSet<string> LeadsSomewhere =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "Location", "Content-Location", "Link", "Refresh");

    private readonly Dictionary<string, Reservation> _names;
    private readonly (string Prefix, Reservation Reservation)[] _prefixes;

    private ReservedHeaders(
        Func<string, string?> guarded, IEnumerable<(Reservation Reservation, string[] Names)> names, params (string, Reservation)[] prefixes)
    {
        Guarded = guarded;
        _names = names.SelectMany(n => n.Names, (n, name) => (name, n.Reservation))
            .ToDictionary(n => n.name, n => n.Reservation, StringComparer.OrdinalIgnoreCase);
        _prefixes = prefixes;
    }

    /// <summary>
    /// Why a field may not get this name from another one, whose sender could then say what it may not. Null where it may.
    /// </summary>
    public Func<string, string?> Guarded { get; }

    public static ReservedHeaders OfRequest { get; } = new(
        static name => HeaderRules.IsStripped(name) ? "is a name under which backends believe what proxies say" : null,
        [
            .. OfEveryMessage(),
            (Content, ["Content-Type", "Content-Encoding"]),
            (Routing, ["Host", "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"]),
            (Identity, ["Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "SSL-Client-Cert"]),
            (Credential, ["Authorization", "Proxy-Authorization", "X-Api-Key", "Cookie"]),
            (Origin, ["Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP"]),
        ],
        ("X-Forwarded-", Origin), ("X-Original-", Origin), ("Sec-WebSocket-", Hop), ("Gatehouse-", Identity), ("X-Gatehouse-", Identity),
        ("Client-Cert", Identity), ("X-Client-Cert", Identity), ("X-SSL-Client", Identity), ("SSL-Client-", Identity));

    public static ReservedHeaders OfResponse { get; } = new(
        static name => LeadsSomewhere.Contains(name) ? "may name servers inside, which is looked for under that name only" : null,
        [
            .. OfEveryMessage(),
            (Hop, ["Proxy-Authenticate"]),
            (Identity, ["WWW-Authenticate", "Authentication-Info"]),
            (Credential, ["Set-Cookie"]),
            (Limit, ["RateLimit", "RateLimit-Policy", "Retry-After"]),
            (Routing, ["Alt-Svc"]),
        ],
        ("Access-Control-", CrossOrigin), ("Sec-WebSocket-", Hop), ("Gatehouse-", Identity), ("X-Gatehouse-", Identity));

    public Reservation? Find(string name)
    {
        if (_names.TryGetValue(name, out var found)) return found;
        foreach (var (prefix, reservation) in _prefixes)
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return reservation;
        return null;
    }

    private static IEnumerable<(Reservation Reservation, string[] Names)> OfEveryMessage() =>
    [
        (Framing, ["Content-Length", "Transfer-Encoding", "Trailer", "Expect"]),
        (Hop, ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "HTTP2-Settings"]),
        (Trace, ["X-Request-Id", "traceparent", "tracestate"]),
    ];
}
