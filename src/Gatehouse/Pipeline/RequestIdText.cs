namespace Gatehouse.Pipeline;

/// <summary>Reads the ids of exchanges: 26 characters of Crockford's base 32, capitals, which are 128 bits.</summary>
internal static class RequestIdText
{
    public const int Length = 26;
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public static bool TryRead(ReadOnlySpan<char> text, out UInt128 id)
    {
        id = default;
        if (text.Length != Length || text[0] > '7') return false;
        var (upper, lower) = (0UL, 0UL);
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0) return false;
            upper = (upper << 5) | (lower >> 59);
            lower = (lower << 5) | (uint)digit;
        }

        id = new UInt128(upper, lower);
        return true;
    }
}
