using System.Globalization;

namespace Gatehouse.Audit;

/// <summary>
/// How a record of an erasure says what it was: <c>17:3</c>, the number of the record and, in hexadecimal digits, which values beside it
/// (<see cref="PersonalValues"/>).
/// </summary>
internal static class ErasedValues
{
    public static string Write(long sequence, ulong values) => string.Create(CultureInfo.InvariantCulture, $"{sequence}:{values:x}");

    public static bool TryParse(string text, out long sequence, out ulong values)
    {
        (sequence, values) = (0, 0);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out sequence)
            && ulong.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out values);
    }
}
