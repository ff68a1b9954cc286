using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Addresses;

/// <summary>
/// Walks what proxies say of the client (<c>X-Forwarded-For</c>, or <c>Forwarded</c> of RFC 7239) from the right: each entry was written by the hop
/// after it, so one is believed only while that hop is a trusted proxy, for at most as many hops as declared. An entry that is not an address
/// (malformed, <c>unknown</c>, obfuscated) ends the walk, and the last good address counts.
/// </summary>
internal static class ForwardedChain
{
    public const string Different = "Forwarded and X-Forwarded-For name different clients";

    public const string Quotes = "Forwarded has quotation marks where none can be";

    /// <summary>
    /// Finds the client's address. Otherwise says why nobody can, a constant text: where both fields are there and name different clients, a proxy
    /// has written one of them and passed the other on as the client sent it, and nothing tells which; and where quoted strings do not come out even,
    /// the client's text may hide what a proxy has written behind it.
    /// </summary>
    public static string? FindClient(IHeaderDictionary headers, TrustedProxies proxies, IPAddress peer, out IPAddress client)
    {
        client = peer;
        if (!proxies.Networks.Contain(peer)) return null;
        var listed = headers["X-Forwarded-For"];
        var forwarded = headers["Forwarded"];
        foreach (var line in forwarded)
            if (!QuotesAreEven(line)) return Quotes;
        client = listed.Count > 0 || forwarded.Count == 0 ? Walk(listed, false, proxies, peer) : Walk(forwarded, true, proxies, peer);
        return listed.Count == 0 || forwarded.Count == 0 || Walk(forwarded, true, proxies, peer).Equals(client) ? null : Different;
    }

    private static IPAddress Walk(StringValues lines, bool parameters, TrustedProxies proxies, IPAddress peer)
    {
        var current = peer;
        var hops = proxies.Hops;
        for (var line = lines.Count - 1; line >= 0; line--)
        {
            var left = lines[line].AsSpan();
            for (var more = true; more;)
            {
                if (hops-- <= 0 || !proxies.Networks.Contain(current)) return current;
                var comma = parameters ? LastOutsideQuotes(left, ',') : left.LastIndexOf(',');
                more = comma >= 0;
                if (!TryReadEntry(left[(comma + 1)..].Trim(" \t"), parameters, out var address)) return current;
                current = address;
                if (more) left = left[..comma];
            }
        }

        return current;
    }

    private static bool TryReadEntry(ReadOnlySpan<char> entry, bool parameters, out IPAddress address)
    {
        address = IPAddress.None;
        if (!parameters) return TryReadNode(entry, bareIPv6: true, out address);
        ReadOnlySpan<char> node = default;
        for (var more = true; more;)
        {
            var semicolon = LastOutsideQuotes(entry, ';');
            var pair = entry[(semicolon + 1)..].Trim(" \t");
            more = semicolon >= 0;
            if (more) entry = entry[..semicolon];
            if (!pair.StartsWith("for=", StringComparison.OrdinalIgnoreCase)) continue;
            if (!node.IsEmpty) return false;
            node = pair[4..];
        }

        if (node.Length >= 2 && node[0] == '"' && node[^1] == '"') node = node[1..^1];
        return TryReadNode(node, bareIPv6: false, out address);
    }

    /// <summary>
    /// Whether every quoted string of a line (RFC 7239 section 4: <c>name="text"</c>, a backslash before what is meant as it is) ends in it, and none
    /// begins or ends in the midst of something else.
    /// </summary>
    private static bool QuotesAreEven(ReadOnlySpan<char> line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '"') continue;
            if (i == 0 || line[i - 1] != '=') return false;
            i = EndOfQuoted(line, i);
            if (i < 0) return false;
            var rest = line[(i + 1)..].TrimStart(" \t");
            if (!rest.IsEmpty && rest[0] is not (',' or ';')) return false;
        }

        return true;
    }

    /// <summary>Where the quoted string that begins at <paramref name="start"/> ends; -1 where it does not.</summary>
    private static int EndOfQuoted(ReadOnlySpan<char> line, int start)
    {
        for (var i = start + 1; i < line.Length; i++)
        {
            if (line[i] == '"') return i;
            if (line[i] == '\\') i++;
        }

        return -1;
    }

    /// <summary>Of a text whose quoted strings come out even.</summary>
    private static int LastOutsideQuotes(ReadOnlySpan<char> text, char wanted)
    {
        var last = -1;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') i = EndOfQuoted(text, i);
            else if (text[i] == wanted) last = i;
        }

        return last;
    }

    /// <summary>RFC 7239 section 6: an address, in brackets when it is IPv6, and perhaps a port or an obfuscated one.</summary>
    private static bool TryReadNode(ReadOnlySpan<char> node, bool bareIPv6, out IPAddress address)
    {
        address = IPAddress.None;
        if (node.IsEmpty) return false;
        if (node[0] == '[')
        {
            var end = node.IndexOf(']');
            return end > 0 && node[1..end].Contains(':') && IsNoneOrPort(node[(end + 1)..]) && AddressText.TryReadAddress(node[1..end], out address);
        }

        var colon = node.IndexOf(':');
        if (colon < 0 || (bareIPv6 && colon != node.LastIndexOf(':'))) return AddressText.TryReadAddress(node, out address);
        return IsNoneOrPort(node[colon..]) && AddressText.TryReadAddress(node[..colon], out address);
    }

    private static bool IsNoneOrPort(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return true;
        if (text.Length is < 2 or > 17 || text[0] != ':') return false;
        text = text[1..];
        return text[0] == '_' || (text.Length <= 5 && !text.ContainsAnyExceptInRange('0', '9'));
    }
}
