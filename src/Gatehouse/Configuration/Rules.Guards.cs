namespace Gatehouse.Configuration;

/// <summary>The rules about what guards a route besides its callers: certificates, proxies, limits, bodies and adaptation.</summary>
internal static partial class Rules
{
    public static readonly Rule ClientCertificates = new(
        "GH1022", "Client certificates are judged by pinned authorities and their revocation lists", Severity.Error,
        "What a stranger's authority vouches for, or what was revoked, must not open what is meant for a partner.");
    public static readonly Rule ProxyRange = new(
        "GH1027", "Trusted proxies are not where clients are", Severity.Error,
        "A client that counts as a proxy chooses its own address.");
    public static readonly Rule NoLimit = new(
        "GH1028", "Every route has a limit", Severity.Error,
        "One caller's mistake or malice would be every caller's outage.");
    public static readonly Rule LargeBody = new(
        "GH1030", "Bodies are at most 10MiB, and read before they are forwarded", Severity.Error,
        "Large and half-sent bodies tie up the gateway and the backend.", Waivable: true);
    public static readonly Rule ForwardedCredential = new(
        "GH1036", "Clients' credentials are not forwarded without a reason", Severity.Error,
        "Whoever gets a credential can use it wherever it is good.");
    public static readonly Rule Adaptation = new(
        "GH1037", "Adaptation keeps away from framing, routing and identity", Severity.Error,
        "The gateway vouches for these; a rewritten one would lie to the backend or to the client.");
    public static readonly Rule CrossOrigin = new(
        "GH1039", "Browsers' calls are opened to sites that are named", Severity.Error,
        "Every other site's scripts would read what the visitor may read.");
}
