using System.Globalization;

namespace Gatehouse.Configuration;

/// <summary>How times are written in a declaration.</summary>
internal static class Units
{
    private static readonly (string Suffix, long Milliseconds)[] Durations =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>The longest time that can be counted, 29,227 years: nine digits of hours or days say more.</summary>
    private const long MostMilliseconds = long.MaxValue / TimeSpan.TicksPerMillisecond;

    public static bool TryReadDuration(string text, out TimeSpan value)
    {
        value = default;
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        if (digits is 0 or > 9) return false;
        foreach (var (suffix, milliseconds) in Durations)
        {
            if (!text.AsSpan(digits).SequenceEqual(suffix)) continue;
            var written = long.Parse(text.AsSpan(0, digits), CultureInfo.InvariantCulture) * milliseconds;
            if (written > MostMilliseconds) return false;
            value = TimeSpan.FromMilliseconds(written);
            return true;
        }

        return false;
    }

    public static string Write(TimeSpan value)
    {
        var milliseconds = (long)value.TotalMilliseconds;
        var (suffix, unit) = Durations.Last(d => milliseconds % d.Milliseconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / unit}{suffix}");
    }
}

/// <summary>A number of bytes.</summary>
internal readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private static readonly (string Suffix, long Bytes)[] Sizes = [("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    public static ByteSize KiB(int n) => new(n * 1024L);

    public static ByteSize MiB(int n) => new(n * 1024L * 1024);

    public static bool TryParse(string text, out ByteSize value)
    {
        value = default;
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        if (digits is 0 or > 9) return false;
        foreach (var (suffix, bytes) in Sizes)
        {
            if (!text.AsSpan(digits).SequenceEqual(suffix)) continue;
            value = new ByteSize(long.Parse(text.AsSpan(0, digits), CultureInfo.InvariantCulture) * bytes);
            return true;
        }

        return false;
    }

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    public static bool operator <(ByteSize a, ByteSize b) => a.Bytes < b.Bytes;

    public static bool operator >(ByteSize a, ByteSize b) => a.Bytes > b.Bytes;

    public static bool operator <=(ByteSize a, ByteSize b) => a.Bytes <= b.Bytes;

    public static bool operator >=(ByteSize a, ByteSize b) => a.Bytes >= b.Bytes;

    public override string ToString()
    {
        var bytes = Bytes;
        var (suffix, unit) = Sizes.Last(s => bytes % s.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit}{suffix}");
    }
}
