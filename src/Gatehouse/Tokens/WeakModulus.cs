using System.Numerics;

namespace Gatehouse.Tokens;

/// <summary>
/// Knows RSA moduli of the generator behind CVE-2017-15361 ("ROCA"; Nemec and others, The Return of Coppersmith's Attack, section 2.3): their primes
/// are k * M + (65537^a mod M), so modulo every small prime that divides M they are powers of 65537. A good modulus is so for all of them by a
/// chance of one in a hundred million.
/// </summary>
internal static class WeakModulus
{
    private const int Generator = 65537;

    private static readonly int[] Primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

    public static bool Is(BigInteger modulus)
    {
        foreach (var prime in Primes)
            if (!IsPower((int)(modulus % prime), prime)) return false;
        return true;
    }

    private static bool IsPower(int rest, int prime)
    {
        var power = 1;
        for (var i = 0; i < prime; i++)
        {
            if (power == rest) return true;
            power = power * (Generator % prime) % prime;
        }

        return false;
    }
}
