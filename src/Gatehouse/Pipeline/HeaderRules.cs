using System.Collections.Frozen;

namespace Gatehouse.Pipeline;

/// <summary>Which header fields a client may not say to a backend, and which must not be nominated for removal.</summary>
internal static class HeaderRules
{
    /// <summary>
    /// Fields by which proxies tell backends who the caller is, what was asked for or how it came; from a client they would be believed.
    /// <c>X-Forwarded-For</c> and <c>Forwarded</c> are missing here: the addresses policy reads them first and removes them.
    /// </summary>
    private static readonly FrozenSet<string> Stripped = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "X-Original-URL", "X-Original-URI", "X-Original-Host", "X-Original-Method", "X-Rewrite-URL", "X-Host", "X-HTTP-Host-Override",
        "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
        "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-ProxyUser-Ip", "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP",
        "X-Remote-IP", "X-Remote-Addr", "X-Originating-IP",
        "X-Scheme", "X-Url-Scheme", "Front-End-Https", "Via", "Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "HTTP2-Settings");

    /// <summary>
    /// The beginnings of such names, those by which gateways and proxies of every kind name a person or a consumer among them. An underscore for a
    /// hyphen is no way around: names with one are refused.
    /// </summary>
    private static readonly string[] StrippedPrefixes =
    [
        "Gatehouse-", "X-Gatehouse-",
        "X-User", "X-Consumer", "X-Auth", "X-Identity", "X-Remote-", "Remote-", "X-WEBAUTH-", "X-Principal", "X-Subject",
        "X-Forwarded-", "X-Credential-", "X-Anonymous-", "X-JWT-", "X-Token-", "X-Groups", "X-Roles", "X-Email", "X-MS-Client-Principal",
        "X-Goog-Authenticated-", "X-Goog-IAP-", "X-Amzn-Oidc-", "Cf-Access-", "OIDC-", "X-Pomerium-", "Tailscale-User-",
        "Client-Cert", "X-Client-Cert", "X-SSL-", "SSL-",
        "X-ARR-ClientCert", "X-Amzn-Mtls-", "X-TLS-Client-",
    ];

    /// <summary>Those of each letter, from a to z: most names begin as few of them do.</summary>
    private static readonly string[][] PrefixesOfLetter =
        [.. Enumerable.Range('a', 26).Select(letter => (string[])[.. StrippedPrefixes.Where(prefix => (prefix[0] | 0x20) == letter)])];

    /// <summary>Names in <c>Connection</c> that are about the connection and not about a field to be removed.</summary>
    private static readonly FrozenSet<string> ConnectionOptions = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "close", "keep-alive", "upgrade", "te", "http2-settings", "proxy-connection");

    /// <summary>Fields without which a request means something else or comes from somebody else.</summary>
    private static readonly FrozenSet<string> Protected = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "Authorization", "X-Api-Key", "Cookie", "Host", "Transfer-Encoding", "Trailer", "Expect", "Origin", "Forwarded", "DPoP", "Idempotency-Key",
        "If-Match", "If-None-Match", "If-Unmodified-Since", "traceparent", "tracestate", "X-Request-Id", "Signature", "Signature-Input");

    private static readonly string[] ProtectedPrefixes = ["Content-", "X-Forwarded-", "Sec-", "Gatehouse-"];

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> OptionLookup =
        ConnectionOptions.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> ProtectedLookup =
        Protected.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool IsStripped(string name)
    {
        var letter = name.Length == 0 ? uint.MaxValue : (uint)(name[0] | 0x20) - 'a';
        if (letter >= PrefixesOfLetter.Length) return false;
        return Stripped.Contains(name)
            || (BeginsWithOneOf(name, PrefixesOfLetter[letter]) && !name.Equals("X-Forwarded-For", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether no request has the field any more when its route is looked for.</summary>
    public static bool IsRemoved(string name) =>
        IsStripped(name)
        || name.Equals("X-Forwarded-For", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase);

    public static bool IsConnectionOption(ReadOnlySpan<char> name) => OptionLookup.Contains(name);

    public static bool IsProtected(ReadOnlySpan<char> name) => ProtectedLookup.Contains(name) || BeginsWithOneOf(name, ProtectedPrefixes);

    private static bool BeginsWithOneOf(ReadOnlySpan<char> name, string[] prefixes)
    {
        foreach (var prefix in prefixes)
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
