namespace Gatehouse.Upstreams;

/// <summary>
/// A hash that is the same in every process and on every machine (FNV-1a, then the finaliser of MurmurHash3): several gateways send the same key
/// to the same destination. It spreads; it does not protect: a client that may choose its key may choose its destination.
/// </summary>
internal static class StableHash
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = Basis;
        foreach (var c in text) hash = (hash ^ c) * Prime;
        return Mix(hash);
    }

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = Basis;
        foreach (var b in bytes) hash = (hash ^ b) * Prime;
        return Mix(hash);
    }

    /// <summary>Every bit of the result depends on every bit of the value.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
        value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
        return value ^ value >> 33;
    }

    /// <summary>The value as a number between 0 and 1, neither of them included.</summary>
    public static double Unit(ulong value) => ((value >> 11) + 0.5) / (1UL << 53);
}
