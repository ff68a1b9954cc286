using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Upstreams;

/// <summary>
/// The servers that are inside: no answer tells a client their addresses. References are read as leniently as browsers read them (WHATWG URL,
/// section 4.4): what a browser would follow there must not be missed here. Only answers that hold one pay for it.
/// </summary>
internal sealed class InsideAddresses
{
    private static readonly SearchValues<char> EndOfAuthority = SearchValues.Create("/\\?#<>\"'; ,");
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _own;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _every;

    /// <param name="own">The servers of the upstream whose answers are looked at.</param>
    /// <param name="every">Those of every upstream.</param>
    public InsideAddresses(Upstream own, FrozenSet<string> every)
    {
        _own = AuthoritiesOf([own]).GetAlternateLookup<ReadOnlySpan<char>>();
        _every = every.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Host and port of every destination, and of the name that it is asked for by.</summary>
    public static FrozenSet<string> AuthoritiesOf(IEnumerable<Upstream> upstreams)
    {
        var all = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var upstream in upstreams)
            foreach (var destination in upstream.Destinations)
            {
                all.Add(Join(destination.Value.Host, destination.Value.Port));
                if (upstream.Tls.ServerName is { } name) all.Add(Join(name, destination.Value.Port));
            }

        return all.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether the values of a field are references, or hold some.</summary>
    public static bool MayStandIn(string name) => name.Length switch
    {
        4 => name.Equals("Link", StringComparison.OrdinalIgnoreCase),
        7 => name.Equals("Refresh", StringComparison.OrdinalIgnoreCase),
        8 => name.Equals("Location", StringComparison.OrdinalIgnoreCase),
        16 => name.Equals("Content-Location", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    /// <summary>The values without those that name a server inside; a whole reference to one of the upstream's own is made relative.</summary>
    public StringValues Clean(string name, HeaderStringValues values)
    {
        var isReference = name.Length is 8 or 16;
        if (isReference && values.Count > 1) return default; // RFC 9110 sections 8.7 and 10.2.2: one. Nobody knows which of them would be followed
        var clean = default(StringValues);
        foreach (var value in values)
        {
            var kept = isReference ? Hide(value) : Mentions(value) ? null : value;
            if (kept is not null) clean = StringValues.Concat(clean, kept);
        }

        return clean;
    }

    /// <summary>A reference as a client may see it: as it is, relative where it leads back through the gateway, or null.</summary>
    public string? Hide(string reference)
    {
        if (reference.Contains('\t')) return null; // browsers leave it out, and then it may be any address
        var text = reference.AsSpan().Trim();
        if (!TryFindAuthority(text, out var usualPort, out var start)) return reference;
        var rest = text[start..];
        var end = rest.IndexOfAny(EndOfAuthority);
        if (end < 0) end = rest.Length;
        var authority = rest[..end];
        if (!Names(_every, authority, usualPort) && !Names(_own, authority, usualPort)) return reference;
        rest = rest[end..];
        if (!Names(_own, authority, usualPort)) return null; // its path means something else here
        if (rest.IsEmpty) return "/";
        if (rest[0] is '?' or '#') return string.Concat("/", rest);
        var leadsElsewhere = rest[0] != '/' || (rest.Length > 1 && rest[1] is '/' or '\\'); // //host is a reference to another server
        return leadsElsewhere ? null : rest.ToString();
    }

    /// <summary>Whether one of the references in a value names a server inside.</summary>
    private bool Mentions(string value)
    {
        var text = value.AsSpan();
        for (int at; (at = text.IndexOfAny('/', '\\')) >= 0;)
        {
            text = text[at..];
            var authorityAt = text.IndexOfAnyExcept('/', '\\');
            if (authorityAt < 0) return false;
            text = text[authorityAt..];
            if (authorityAt < 2) continue;
            var end = text.IndexOfAny(EndOfAuthority);
            var authority = end < 0 ? text : text[..end];
            if (Names(_every, authority, 0) || Names(_own, authority, 0)) return true;
        }

        return false;
    }

    /// <param name="usualPort">Of the scheme, where there is one that is known; otherwise 0.</param>
    /// <param name="start">Where the authority begins.</param>
    /// <returns>False for a reference without an authority.</returns>
    private static bool TryFindAuthority(ReadOnlySpan<char> text, out int usualPort, out int start)
    {
        usualPort = 0;
        start = 0;
        var colon = text.IndexOfAny(":/\\?#");
        var isWeb = false;
        if (colon > 0 && text[colon] == ':' && char.IsAsciiLetter(text[0]))
        {
            usualPort = UsualPortOf(text[..colon]);
            isWeb = usualPort > 0;
            start = colon + 1;
        }

        var slashes = text[start..].IndexOfAnyExcept('/', '\\');
        if (slashes < 0) return false;
        start += slashes;
        return isWeb || slashes >= 2;
    }

    private static int UsualPortOf(ReadOnlySpan<char> scheme) => scheme.Length switch
    {
        2 => scheme.Equals("ws", StringComparison.OrdinalIgnoreCase) ? 80 : 0,
        3 => scheme.Equals("wss", StringComparison.OrdinalIgnoreCase) ? 443 : 0,
        4 => scheme.Equals("http", StringComparison.OrdinalIgnoreCase) ? 80 : 0,
        5 => scheme.Equals("https", StringComparison.OrdinalIgnoreCase) ? 443 : 0,
        _ => 0,
    };

    private static bool Names(FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> known, ReadOnlySpan<char> authority, int usualPort)
    {
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        if (known.Contains(authority)) return true;
        var bracket = authority.LastIndexOf(']');
        var colon = authority[(bracket + 1)..].LastIndexOf(':');
        var host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        var port = colon < 0 ? default : authority[(bracket + 2 + colon)..];
        host = host.TrimEnd('.');
        if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return known.Contains(Join(host, number));
        if (!port.IsEmpty) return false;
        if (usualPort != 0) return known.Contains(Join(host, usualPort));
        return known.Contains(Join(host, 80)) || known.Contains(Join(host, 443));
    }

    private static string Join(ReadOnlySpan<char> host, int port) => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
}
