using System.Text;

namespace Gatehouse.Routes;

/// <summary>What the names of a template stand for in a path that it matches.</summary>
internal static class PathValue
{
    /// <summary>The index of the segment that has this name; -1 for none.</summary>
    public static int IndexOf(string name, IReadOnlyList<Segment> segments)
    {
        for (var i = 0; i < segments.Count; i++)
            if (segments[i].Name == name) return i;
        return -1;
    }

    /// <summary>The value of a name, still percent-encoded.</summary>
    /// <param name="path">A path in normal form that the template matches.</param>
    public static ReadOnlySpan<char> Of(IReadOnlyList<Segment> segments, int index, ReadOnlySpan<char> path)
    {
        for (var i = 0; i < index; i++) path = path[(path[1..].IndexOf('/') + 1)..];
        path = path[1..];
        if (segments[index].Kind == SegmentKind.Rest) return path;
        var end = path.IndexOf('/');
        if (end >= 0) path = path[..end];
        return path[segments[index].Prefix.Length..^segments[index].Suffix.Length];
    }

    /// <summary>Appends the value as a backend reads it. False when its octets are no UTF-8: then two readers may see two things.</summary>
    public static bool TryDecode(ReadOnlySpan<char> value, StringBuilder text)
    {
        while (!value.IsEmpty)
        {
            if (value[0] != '%')
            {
                var plain = value.IndexOf('%');
                if (plain < 0) plain = value.Length;
                text.Append(value[..plain]);
                value = value[plain..];
                continue;
            }

            if (!PercentEncoding.TryRead(value, out var rune, out var consumed)) return false;
            text.Append(rune.ToString());
            value = value[consumed..];
        }

        return true;
    }
}
