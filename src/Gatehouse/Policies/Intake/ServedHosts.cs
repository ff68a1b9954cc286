using System.Collections.Frozen;
using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// The hosts that may be asked for on a listener. Without declared ones these are the address that the connection came to and, on loopback,
/// localhost: a page of a stranger's whose name was made to point here (DNS rebinding) is none of them.
/// </summary>
internal sealed class ServedHosts
{
    private readonly FrozenSet<string> _declared;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly IPAddress _address;

    public ServedHosts(Listener listener)
    {
        _address = listener.Address.Address;
        _declared = listener.Hosts.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _lookup = _declared.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>
    /// Whether a host may be asked for by some connection. Where the listener has every address of the machine, that may be any address.
    /// </summary>
    /// <param name="host">In lower case.</param>
    public bool MayFind(string host) => _declared.Count == 0 && (_address.Equals(IPAddress.Any) || _address.Equals(IPAddress.IPv6Any))
        ? host == "localhost" || AddressText.TryReadAddress(host.AsSpan().Trim("[]"), out _)
        : TryFind(host, _address, out _);

    /// <param name="local">The address that the connection came to; null when there is no connection.</param>
    /// <param name="host">The host in lower case.</param>
    public bool TryFind(ReadOnlySpan<char> name, IPAddress? local, out string host)
    {
        if (_declared.Count > 0) return _lookup.TryGetValue(name, out host!);
        host = "";
        if (local is null) return false;
        if (local.IsIPv4MappedToIPv6) local = local.MapToIPv4();
        if (IPAddress.IsLoopback(local) && name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            host = "localhost";
            return true;
        }

        if (!AddressText.TryReadAddress(name.Trim("[]"), out var address)) return false;
        if (!address.Equals(local) && !(IPAddress.IsLoopback(local) && IPAddress.IsLoopback(address))) return false;
        host = name.ToString().ToLowerInvariant();
        return true;
    }
}
