using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>
/// Networks that are let in. A list that lets in nearly everybody is refused, however it is cut up; wide public networks are worth a word.
/// </summary>
internal sealed class AllowList : Shape<Networks>
{
    private static readonly IPNetwork[] Private =
        [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("fc00::/7"),
            IPNetwork.Parse("127.0.0.0/8")];

    private static readonly Shape<Networks> List = NetworkShapes.Networks();

    /// <summary>Every public address of IPv6: nothing else has been given out (RFC 4291 section 2.4).</summary>
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    /// <summary>Whether the networks cover at least a quarter of all public addresses of one family.</summary>
    public static bool IsNearlyEverything(Networks networks) =>
        ShareOf(networks, AddressFamily.InterNetwork) >= 0.25 || ShareOf(networks, AddressFamily.InterNetworkV6) >= 0.25;

    public override bool TryRead(Node node, Findings findings, out Networks value)
    {
        if (!List.TryRead(node, findings, out value)) return false;
        if (IsNearlyEverything(value))
        {
            findings.Add(Rules.OpenNetwork, node.Place, $"{value} lets in nearly everybody",
                "name the networks that callers come from, or leave the list out");
            return true;
        }

        foreach (var network in value.All)
            if (IsWide(network)) findings.Add(Rules.OpenNetwork.Lesser(), node.Place, $"{network} is a wide public network", "name smaller networks");
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => List.ToSchema(schema);

    private static bool IsWide(IPNetwork network) =>
        network.PrefixLength < (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 16 : 32)
        && !Array.Exists(Private, p => p.Contains(network.BaseAddress) && p.PrefixLength <= network.PrefixLength);

    private static double ShareOf(Networks networks, AddressFamily family) =>
        networks.All.Where(n => n.BaseAddress.AddressFamily == family).Distinct().Sum(PartOf);

    /// <summary>IPv6 is counted by what is given out of it, or a network that holds every public address would be an eighth of it.</summary>
    private static double PartOf(IPNetwork network) =>
        network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? Math.Pow(2, -network.PrefixLength)
        : network.PrefixLength <= Global.PrefixLength && network.Contains(Global.BaseAddress) ? 1
        : Global.Contains(network.BaseAddress) ? Math.Pow(2, Global.PrefixLength - network.PrefixLength)
        : Math.Pow(2, -network.PrefixLength);
}
