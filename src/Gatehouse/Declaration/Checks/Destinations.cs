using System.Globalization;
using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Checks;

/// <summary>
/// Destinations are services of the organisation: not the gateway itself, not a metadata service, and not in cleartext over a network.
/// </summary>
internal static class Destinations
{
    private static readonly string[] MetadataHosts = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data"];

    public static void Check(Draft draft)
    {
        var own = ListeningPoints.Of(draft);
        var users = draft.Routes.SelectMany(r => r.Upstreams, (Route, Upstream) => (Route, Upstream))
            .ToLookup(u => u.Upstream.Value, u => u.Route, StringComparer.Ordinal);
        foreach (var upstream in draft.Upstreams.Values)
        {
            foreach (var destination in upstream.Text.Get(UpstreamSection.Destinations) ?? [])
            {
                CheckTarget(destination, own, draft.Findings);
                CheckCleartext(destination, upstream, users[upstream.Name], draft.Findings);
            }

            if (upstream.Value is { Destinations.Count: 1 } && draft.Root.Gateway?.Environment == "production")
                draft.Findings.Add(Rules.SingleDestination, upstream.Text.PlaceOf(UpstreamSection.Destinations),
                    $"upstream {upstream.Name} has one destination", "name a second one");
            CheckProof(upstream, draft.Findings);
            Resilience.Check(upstream, users[upstream.Name], draft.Findings);
        }
    }

    private static void CheckProof(Drafted<Upstream> upstream, Findings findings)
    {
        if (upstream.Value is not { } read || read.Destinations.Any(d => d.Value.Scheme == "https")) return;
        foreach (var key in UpstreamTlsSection.Keys.Prepend(UpstreamSection.Authorities))
            if (upstream.Text.Has(key))
                findings.Add(Rules.Contradiction, upstream.Text.PlaceOf(key),
                    $"upstream {upstream.Name} has {key.Name}, but no destination with https");
    }

    /// <summary>Whether an address is link-local or a metadata service.</summary>
    public static bool IsNobodysService(Uri uri) =>
        MetadataHosts.Contains(uri.IdnHost.ToLowerInvariant())
        || (AddressOf(uri) is { } address && !IsAny(address) && NobodysAddresses.Contain(address));

    private static void CheckTarget(
        DestinationText destination, List<(string What, IPEndPoint Address, Place Place)> own, Findings findings)
    {
        var uri = destination.Value.Value;
        var address = AddressOf(uri);
        if (IsNobodysService(uri))
            findings.Add(Rules.ForbiddenDestination, destination.Place, $"{destination.Value} is link-local or a metadata service");
        else if (address is not null && IsAny(address))
            findings.Add(Rules.ForbiddenDestination, destination.Place, $"{destination.Value} stands for every address, which is none");
        else if (own.Find(o => o.Address.Port == uri.Port && IsOwn(o.Address.Address, uri, address)) is { What: { } what })
            findings.Add(Rules.ForbiddenDestination, destination.Place, $"{destination.Value} is the gateway itself ({what})");
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static bool IsOwn(IPAddress listened, Uri uri, IPAddress? address)
    {
        var loopback = uri.IsLoopback || (address is not null && IPAddress.IsLoopback(address));
        return listened.Equals(IPAddress.Any) || listened.Equals(IPAddress.IPv6Any)
            ? loopback : address is not null ? address.Equals(listened) : loopback && IPAddress.IsLoopback(listened);
    }

    private static void CheckCleartext(
        DestinationText destination, Drafted<Upstream> upstream, IEnumerable<RouteDraft> users, Findings findings)
    {
        var uri = destination.Value.Value;
        if (uri.Scheme == "https" || uri.IsLoopback || (AddressOf(uri) is { } address && IPAddress.IsLoopback(address))) return;
        var exposed = users.ToList();
        // every route is asked, so that each waiver counts as needed
        var uncovered = exposed.Where(r => !r.Waivers.Cover(Rules.CleartextUpstream)).ToList();
        if (exposed.Count > 0 && uncovered.Count == 0) return;
        var routes = uncovered.Count == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $" for {uncovered.Count} {(uncovered.Count == 1 ? "route" : "routes")}, {uncovered[0].Id} first");
        findings.Add(
            Rules.CleartextUpstream, destination.Place, $"upstream {upstream.Name} sends cleartext over the network to {destination.Value}{routes}",
            "https://…; or let each of its routes set the rule aside for a while with 'waive'");
    }

    private static IPAddress? AddressOf(Uri uri) => AddressText.TryReadAddress(uri.Host.Trim('[', ']'), out var address) ? address : null;
}
