using System.Net;

namespace Gatehouse.Upstreams;

/// <summary>Where no service of the organisation is: link-local, the metadata services of clouds, and no address at all.</summary>
internal static class NobodysAddresses
{
    private static readonly IPNetwork[] LinkLocal = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10")];

    private static readonly IPAddress[] Single =
    [
        IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16"), IPAddress.Any, IPAddress.IPv6Any,
    ];

    public static bool Contain(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.IndexOf(Single, plain) >= 0 || Array.Exists(LinkLocal, n => n.Contains(plain));
    }
}
