namespace Gatehouse.Configuration;

/// <summary>The rules about what guards a route besides its callers: limits, bodies and adaptation.</summary>
internal static partial class Rules
{
    public static readonly Rule NoLimit = new(
        "GH1028", "Every route has a limit", Severity.Error,
        "One caller's mistake or malice would be every caller's outage.");
    public static readonly Rule LargeBody = new(
        "GH1030", "Bodies are at most 10MiB, and read before they are forwarded", Severity.Error,
        "Large and half-sent bodies tie up the gateway and the backend.", Waivable: true);
    public static readonly Rule Adaptation = new(
        "GH1037", "Adaptation keeps away from framing, routing and identity", Severity.Error,
        "The gateway vouches for these; a rewritten one would lie to the backend or to the client.");
    public static readonly Rule CrossOrigin = new(
        "GH1039", "Browsers' calls are opened to sites that are named", Severity.Error,
        "Every other site's scripts would read what the visitor may read.");
}
