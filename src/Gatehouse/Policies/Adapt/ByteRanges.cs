using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Adapt;

/// <summary>
/// Takes from a request a <c>Range</c> that asks for more than a document viewer would: many parts, or parts over each other, make a service send one
/// document many times over (RFC 9110 section 14.2). Without the field it sends the whole once, which every server may do.
/// </summary>
internal static class ByteRanges
{
    private const int Most = 4;
    private const int LongestField = 200;

    public static void Bound(IHeaderDictionary headers)
    {
        var range = headers.Range;
        if (range.Count > 0 && !IsModest(range)) headers.Range = default;
        headers.Remove("Request-Range"); // what the field was called once, and some servers still read
    }

    /// <summary>One field with at most four parts that are in order and apart from each other; a unit that is not bytes has one part.</summary>
    private static bool IsModest(StringValues range)
    {
        if (range is not [{ Length: <= LongestField } text]) return false;
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0) return true;
        if (!text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) return false;
        var parts = 0;
        var behind = -1L;
        var set = text.AsSpan("bytes=".Length);
        foreach (var part in set.Split(','))
        {
            if (++parts > Most || !TryRead(set[part].Trim(" \t"), out var first, out var last) || first <= behind) return false;
            behind = last;
        }

        return true;
    }

    /// <summary>A part with both ends, or open at its end. One that counts from the end (<c>-500</c>) may be over any other.</summary>
    private static bool TryRead(ReadOnlySpan<char> part, out long first, out long last)
    {
        last = long.MaxValue;
        var dash = part.IndexOf('-');
        if (dash < 0 || !long.TryParse(part[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out first))
        {
            first = 0;
            return false;
        }

        var end = part[(dash + 1)..];
        return end.IsEmpty || (long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out last) && last >= first);
    }
}
