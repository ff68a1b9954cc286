using System.Net;
using System.Net.Sockets;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>What exchanges have in common that go to the same destination.</summary>
internal enum HashBy
{
    Header,
    Cookie,
    Consumer,
    Address,
}

/// <summary>How exchanges are told apart that are balanced by a hash.</summary>
/// <param name="Name">The header field's or the cookie's name; null for the others.</param>
/// <param name="Overflow">A destination that is busier than the mean by more than this is passed over; null for never.</param>
internal sealed record HashRule(HashBy By, string? Name, Share? Overflow)
{
    /// <summary>The exchange's key; false when it has none, and may go anywhere.</summary>
    public bool TryKey(Exchange exchange, out ulong key)
    {
        key = 0;
        switch (By)
        {
            case HashBy.Address:
                key = OfAddress(exchange.Client.Value);
                return true;
            case HashBy.Consumer when exchange.ConsumerName is { } consumer:
                key = StableHash.Of(consumer);
                return true;
            case HashBy.Header when exchange.RequestHeaders.TryGetValue(Name!, out var values) && values is [{ Length: > 0 } first, ..]:
                key = StableHash.Of(first);
                return true;
            case HashBy.Cookie:
                foreach (var line in exchange.RequestHeaders.Cookie)
                    if (TryCookie(line, out key)) return true;
                return false;
            default:
                return false;
        }
    }

    private bool TryCookie(ReadOnlySpan<char> line, out ulong key)
    {
        foreach (var part in line.Split(';'))
        {
            var cookie = line[part].Trim(' ');
            if (cookie.Length <= Name!.Length + 1 || cookie[Name.Length] != '=' || !cookie.StartsWith(Name, StringComparison.Ordinal)) continue;
            key = StableHash.Of(cookie[(Name.Length + 1)..]);
            return true;
        }

        key = 0;
        return false;
    }

    private static ulong OfAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && address.TryWriteBytes(bytes, out var length)
            ? StableHash.Of(bytes[..length]) : 0;
    }
}
