using System.Net;

namespace Gatehouse.Configuration;

/// <summary>A set of networks in CIDR form. IPv4 addresses that are written as IPv6 (<c>::ffff:10.0.0.1</c>) count as IPv4.</summary>
internal sealed class Networks(IReadOnlyList<IPNetwork> networks)
{
    private readonly IPNetwork[] _networks = [.. networks];

    public IReadOnlyList<IPNetwork> All => _networks;

    public bool Contain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (var network in _networks)
            if (network.Contains(address)) return true;
        return false;
    }

    public override string ToString() => string.Join(", ", _networks);
}
