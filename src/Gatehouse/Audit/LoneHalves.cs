using System.Buffers.Text;

namespace Gatehouse.Audit;

/// <summary>
/// Half of a character, as <c>\ud83d</c>, is JSON that no reader takes. Records of former versions may have it, where a value was cut in the middle
/// of one. It is read as <c>\ufffd</c>, as which its digest has it too; what is kept and hashed stays as it is.
/// </summary>
internal static class LoneHalves
{
    private const int EscapeLength = 6; // \u0000

    /// <returns>The same bytes where there is none.</returns>
    public static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> json)
    {
        var bytes = json.Span;
        byte[]? replaced = null;
        for (var at = Next(bytes, 0); at >= 0; at = Next(bytes, at))
        {
            if (UnitAt(bytes, at) is not { } unit)
            {
                at += 2;
                continue;
            }

            var isPair = char.IsHighSurrogate(unit) && UnitAt(bytes, at + EscapeLength) is { } second && char.IsLowSurrogate(second);
            if (char.IsSurrogate(unit) && !isPair)
            {
                replaced ??= json.ToArray();
                "fffd"u8.CopyTo(replaced.AsSpan(at + 2));
            }

            at += isPair ? 2 * EscapeLength : EscapeLength;
        }

        return replaced ?? json;
    }

    private static int Next(ReadOnlySpan<byte> bytes, int from)
    {
        if (from >= bytes.Length) return -1;
        var found = bytes[from..].IndexOf((byte)'\\');
        return found < 0 ? -1 : from + found;
    }

    /// <summary>What is escaped there by its number; null for any other escape.</summary>
    private static char? UnitAt(ReadOnlySpan<byte> bytes, int at)
    {
        if (at + EscapeLength > bytes.Length || bytes[at] != '\\' || bytes[at + 1] != 'u') return null;
        return Utf8Parser.TryParse(bytes.Slice(at + 2, 4), out ushort unit, out var used, 'x') && used == 4 ? (char)unit : null;
    }
}
