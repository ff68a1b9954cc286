using System.Buffers;
using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// The value of <c>Host</c> (RFC 9110 section 7.2): a name of letters, digits, hyphens, underscores and dots, an IPv4 address, or an IPv6 address in
/// brackets; then perhaps a port. Narrower than RFC 3986 section 3.2.2, which lets a name hold nearly anything.
/// </summary>
internal static class HostText
{
    private const int Longest = 255;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._");

    /// <param name="name">The host without its port, as received; IPv6 with its brackets.</param>
    /// <param name="port">The port, or null when none is named.</param>
    public static bool TryRead(ReadOnlySpan<char> text, out ReadOnlySpan<char> name, out int? port)
    {
        name = default;
        port = null;
        var end = text.StartsWith('[') ? text.IndexOf(']') + 1 : text.IndexOf(':');
        if (end < 0) end = text.Length;
        if (end is 0 or > Longest) return false;
        name = text[..end];
        if (!(name[0] == '[' ? AddressText.TryReadAddress(name[1..^1], out _) && name.Contains(':') : !name.ContainsAnyExcept(NameCharacters)))
            return false;
        if (end == text.Length) return true;
        if (text[end] != ':' || text.Length - end > 6) return false;
        if (!int.TryParse(text[(end + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > ushort.MaxValue)
            return false;
        port = number;
        return true;
    }
}
