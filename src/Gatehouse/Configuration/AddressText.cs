using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Configuration;

/// <summary>
/// Reads addresses in the one form in which nobody can misread them: four decimal numbers without leading zeros (RFC 6943 section 3.1.1), or IPv6
/// (RFC 4291 section 2.2) without brackets and zone. Octal, hexadecimal, short and single-number IPv4 are malformed. Never throws.
/// </summary>
internal static class AddressText
{
    private const int LongestIPv6 = 45;

    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>An address; IPv4 written as IPv6 (<c>::ffff:10.0.0.1</c>) is read as IPv4.</summary>
    public static bool TryReadAddress(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (!text.Contains(':')) return IsIPv4(text) && Parse(text, out address);
        if (text.Length > LongestIPv6 || text.ContainsAnyExcept(IPv6Characters)) return false;
        if (text.Contains('.') && !IsIPv4(text[(text.LastIndexOf(':') + 1)..])) return false;
        if (!Parse(text, out address)) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return true;
    }

    /// <summary>A network in CIDR form, or one address. No bit may be set behind the prefix: <c>10.0.0.5/8</c> says two things at once.</summary>
    public static bool TryReadNetwork(ReadOnlySpan<char> text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/');
        if (!TryReadAddress(slash < 0 ? text : text[..slash], out var address)) return false;
        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var prefix = bits;
        if (slash >= 0)
        {
            if (!TryReadNumber(text[(slash + 1)..], 128, out prefix)) return false;
            if (bits == 32 && text.Contains(':')) prefix -= 96; // ::ffff:10.0.0.0/104 is 10.0.0.0/8
            if (prefix < 0 || prefix > bits || !IsZeroBehind(address, prefix)) return false;
        }

        network = new IPNetwork(address, prefix);
        return true;
    }

    /// <summary>An address and a port: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>. Port 0 asks for any free one.</summary>
    public static bool TryReadEndPoint(ReadOnlySpan<char> text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.None, 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryReadNumber(text[(colon + 1)..], ushort.MaxValue, out var port)) return false;
        var host = text[..colon];
        var bracketed = host[0] == '[' && host[^1] == ']';
        if (bracketed) host = host[1..^1];
        if (bracketed != host.Contains(':') || !TryReadAddress(host, out var address)) return false;
        endPoint = new IPEndPoint(address, port);
        return true;
    }

    private static bool IsIPv4(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var part in text.Split('.'))
            if (++parts > 4 || !TryReadNumber(text[part], 255, out _)) return false;
        return parts == 4;
    }

    /// <summary>A decimal number without sign, blanks and leading zeros.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, int most, out int value)
    {
        value = 0;
        if (text.Length is 0 or > 5 || (text[0] == '0' && text.Length > 1)) return false;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= most;
    }

    private static bool Parse(ReadOnlySpan<char> text, out IPAddress address)
    {
        var read = IPAddress.TryParse(text, out var parsed);
        address = parsed ?? IPAddress.None;
        return read;
    }

    private static bool IsZeroBehind(IPAddress address, int prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        for (var bit = prefix; bit < length * 8; bit++)
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0) return false;
        return true;
    }
}
