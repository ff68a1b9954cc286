using System.Globalization;

namespace Gatehouse.Configuration;

/// <summary>A part of a whole, in hundredths of a percent.</summary>
internal readonly record struct Share(int HundredthsOfPercent) : IComparable<Share>
{
    /// <summary>From 0 to 1.</summary>
    public double Fraction => HundredthsOfPercent / 10_000d;

    public static Share Percent(int percent) => new(percent * 100);

    public static bool TryParse(string text, out Share value)
    {
        value = default;
        if (!text.EndsWith('%') || text.Length > 7) return false;
        var number = text.AsSpan(0, text.Length - 1);
        if (number.IsEmpty || !char.IsAsciiDigit(number[0]) || !char.IsAsciiDigit(number[^1])) return false;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)) return false;
        var hundredths = percent * 100;
        if (hundredths != decimal.Truncate(hundredths) || hundredths > 10_000) return false;
        value = new Share((int)hundredths);
        return true;
    }

    public int CompareTo(Share other) => HundredthsOfPercent.CompareTo(other.HundredthsOfPercent);

    public static bool operator <(Share a, Share b) => a.HundredthsOfPercent < b.HundredthsOfPercent;

    public static bool operator >(Share a, Share b) => a.HundredthsOfPercent > b.HundredthsOfPercent;

    public static bool operator <=(Share a, Share b) => a.HundredthsOfPercent <= b.HundredthsOfPercent;

    public static bool operator >=(Share a, Share b) => a.HundredthsOfPercent >= b.HundredthsOfPercent;

    /// <summary>As it is written: <c>5%</c>, <c>0.25%</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{HundredthsOfPercent / 100m:0.##}%");
}

/// <summary>The shape of parts of a whole.</summary>
internal static class ShareShape
{
    /// <summary>A percentage with at most two decimals: <c>5%</c>, <c>0.25%</c>.</summary>
    public static Shape<Share> Between(Share least, Share most) => Shapes.Parsed<Share>(
        $"a share such as 5% or 0.25%, from {least} to {most}",
        "^[0-9]{1,3}(\\.[0-9]{1,2})?%$",
        (ScalarNode node, out Share value) => Share.TryParse(node.Text, out value) && value >= least && value <= most);
}
