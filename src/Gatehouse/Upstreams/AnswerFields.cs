using System.Collections.Frozen;
using System.Net.Http.Headers;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Upstreams;

/// <summary>
/// Which header fields of a service's answer reach a client. What stays behind is said once, for every route: fields of the connection (RFC 9110
/// section 7.6.1), what tells strangers how a service is built or where it stands, and what is between gateway and service. One pass, by names that
/// are known; an answer without such fields costs no more than to be copied.
/// </summary>
internal static class AnswerFields
{
    /// <summary>For one connection alone.</summary>
    private static readonly string[] OfTheConnection =
    [
        "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Upgrade", "HTTP2-Settings", "ALPN", "Close", "Security-Scheme",
        "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Features", "Proxy-Instruction",
    ];

    /// <summary>
    /// Fields by which known products, frameworks and servers in between say what they are, and those that exist to say on which server an answer was
    /// made. Names that an application may well have given a meaning of its own (X-Version, X-Instance) are not among them.
    /// </summary>
    private static readonly string[] Telling =
    [
        "Server", "Via", "X-Via", "Powered-By", "X-Powered-By", "X-Powered-CMS", "X-CF-Powered-By", "X-Server-Powered-By", "X-Turbo-Charged-By",
        "X-Generator", "X-Generated-By", "X-Redirect-By", "X-Framework", "X-Runtime",
        "X-OWA-Version", "MicrosoftSharePointTeamServices", "X-MS-InvokeApp", "SPRequestGuid", "X-SourceFiles", "X-DiagInfo", "X-FEServer",
        "X-BEServer", "X-CalculatedBETarget", "X-CalculatedFETarget", "X-Application-Context", "X-Content-Encoded-By", "X-Page-Speed",
        "X-Mod-Pagespeed", "X-Varnish", "X-Pingback", "X-Dotnet-Version", "Liferay-Portal", "X-Debug-Token", "X-Debug-Token-Link",
        "X-DebugBar-Id", "SourceMap", "X-SourceMap", "X-Server", "X-Server-Name", "X-Served-By", "X-Hostname", "X-Real-IP", "X-Remote-IP",
        "X-Local-IP", "X-Server-IP",
    ];

    /// <summary>
    /// What the gateway has told the service or says itself, credentials, and what is decided for the gateway's own name: other ways to it, and
    /// whether it is only reached by TLS.
    /// </summary>
    private static readonly string[] OfTheGateway =
    [
        "X-Request-Id", "X-Api-Key", "Authorization", "Forwarded", "Client-Cert", "Client-Cert-Chain", "Alt-Svc", "Strict-Transport-Security",
        "X-HTTP-Method-Override", "traceparent", "tracestate",
    ];

    private static readonly string[] Prefixes =
    [
        "Gatehouse-", "X-Gatehouse-", "X-Forwarded-", "X-Original-", "X-AspNet", "X-Envoy-", "X-Kong-", "X-Drupal-", "X-Varnish-",
        "X-LiteSpeed-", "X-Kubernetes-", "X-Upstream-", "X-Backend-", "X-Umbraco-", "X-Joomla-", "X-WordPress-", "X-Magento-", "X-Jenkins",
        "X-Hudson",
    ];

    /// <summary>What may stand in a head only (RFC 9110 section 6.5.1): it frames, routes, authenticates or says how to read a message.</summary>
    private static readonly FrozenSet<string> HeadOnly = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Content-Location", "Trailer", "Location", "Refresh", "Link",
        "Retry-After", "Cache-Control", "Expires", "Age", "Vary", "Date", "Set-Cookie", "WWW-Authenticate", "Authentication-Info",
        "Content-Security-Policy", "X-Content-Type-Options", "RateLimit", "RateLimit-Policy", "Max-Forwards", "TE", "Range");

    private static readonly FrozenSet<string> Names =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, [.. OfTheConnection, .. Telling, .. OfTheGateway]);

    /// <summary>The lists, each with what its fields have in common: for the reference page.</summary>
    public static IReadOnlyList<(string What, IReadOnlyList<string> Names)> StayingBehind { get; } =
    [
        ("of one connection", OfTheConnection),
        ("of products and servers", Telling),
        ("of the gateway, and between it and the service", OfTheGateway),
        ("with these beginnings", Prefixes),
        ("in trailers only", HeadOnly.Items),
    ];

    /// <summary>Copies what may reach a client; what of it names a server inside is made relative or left behind.</summary>
    /// <param name="joins">Whether fields may be there already, to which values are then added.</param>
    public static void Copy(HttpHeaders from, IHeaderDictionary to, InsideAddresses inside, bool joins)
    {
        foreach (var (name, values) in from.NonValidated)
        {
            if (StayBehind(name)) continue;
            var kept = InsideAddresses.MayStandIn(name) ? inside.Clean(name, values) : values.Count == 1 ? values.ToString() : Many(values);
            if (kept.Count > 0) to[name] = joins ? StringValues.Concat(to[name], kept) : kept;
        }
    }

    /// <summary>Copies what may follow a body. It throws at what cannot be passed on.</summary>
    public static void CopyTrailers(HttpHeaders from, IHeaderDictionary to)
    {
        foreach (var (name, values) in from.NonValidated)
            if (!StayBehind(name) && !BelongInHeads(name)) to[name] = values.Count == 1 ? values.ToString() : Many(values);
    }

    public static bool StayBehind(string name)
    {
        if (Names.Contains(name)) return true;
        if ((name[0] | 0x20) is not ('x' or 'g')) return false;
        foreach (var prefix in Prefixes)
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>Whether a field may not follow a body, whoever may see it in a head.</summary>
    public static bool BelongInHeads(string name) => HeadOnly.Contains(name);

    private static StringValues Many(HeaderStringValues values)
    {
        var all = new string[values.Count];
        var at = 0;
        foreach (var value in values) all[at++] = value;
        return all;
    }
}
