using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Telemetry;

/// <summary>
/// From which networks credentials have come: for so many credentials the last eight of each, in a table of one fixed size. It begins anew with each
/// start: what is first is never news.
/// </summary>
internal sealed class KnownNetworks
{
    private const int Most = 4096;
    private const int Each = 8;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Networks> _credentials = new(StringComparer.Ordinal);
    private long _uses;

    /// <summary>A network as it is told apart: 24 bits of IPv4, 48 of IPv6.</summary>
    public static ulong Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork) return BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8;
        return address.IsIPv4MappedToIPv6 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) >> 8
            : BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16 | 1UL << 63;
    }

    /// <summary>Whether the credential has come from elsewhere before, and never from there.</summary>
    public bool IsNew(string credential, ulong network)
    {
        lock (_gate)
        {
            _uses++;
            if (!_credentials.TryGetValue(credential, out var known))
            {
                if (_credentials.Count >= Most) ForgetOldest();
                _credentials.Add(credential, known = new Networks());
                known.Seen[0] = network;
                (known.Count, known.UsedAt) = (1, _uses);
                return false;
            }

            known.UsedAt = _uses;
            var count = Math.Min(known.Count, Each);
            if (known.Seen.AsSpan(0, count).Contains(network)) return false;
            known.Seen[known.Count++ % Each] = network;
            return true;
        }
    }

    private void ForgetOldest()
    {
        string? oldest = null;
        var usedAt = long.MaxValue;
        foreach (var (credential, networks) in _credentials)
            if (networks.UsedAt < usedAt) (oldest, usedAt) = (credential, networks.UsedAt);
        _credentials.Remove(oldest!);
    }

    private sealed class Networks
    {
        public ulong[] Seen { get; } = new ulong[Each];

        public int Count { get; set; }

        public long UsedAt { get; set; }
    }
}
