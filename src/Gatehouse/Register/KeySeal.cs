using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Register;

/// <summary>
/// Binds an issued key to its consumer and its life under a secret that the store does not know: who can write the store, and nothing else, gives
/// no key to another consumer and no key a longer life.
/// </summary>
internal sealed class KeySeal(string gateway, Secret pepper)
{
    public const int Bytes = HMACSHA256.HashSizeInBytes;

    // a key of its own, so that seals say nothing about what the same secret protects elsewhere
    private readonly byte[] _secret = HMACSHA256.HashData(pepper.Bytes, "gatehouse keys in a register, 1"u8);

    public byte[] Of(IssuedKey key)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        Add(mac, Encoding.UTF8.GetBytes(gateway));
        Add(mac, Encoding.UTF8.GetBytes(key.Id));
        Add(mac, Encoding.UTF8.GetBytes(key.Consumer));
        Add(mac, key.Hash);
        Add(mac, BitConverter.GetBytes(key.Created.ToUnixTimeMilliseconds()));
        Add(mac, BitConverter.GetBytes(key.Expires.ToUnixTimeMilliseconds()));
        return mac.GetHashAndReset();
    }

    public bool Holds(IssuedKey key, ReadOnlySpan<byte> seal) => CryptographicOperations.FixedTimeEquals(Of(key), seal);

    /// <summary>The length goes first, so that no two keys have the same bytes.</summary>
    private static void Add(IncrementalHash mac, byte[] bytes)
    {
        mac.AppendData(BitConverter.GetBytes(bytes.Length));
        mac.AppendData(bytes);
    }
}
