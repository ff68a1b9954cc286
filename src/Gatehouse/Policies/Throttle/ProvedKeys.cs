using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gatehouse.Policies.Throttle;

/// <summary>
/// API keys that were good before, by 64 bits of a digest that only this process can make: a fixed number of places, of which a newcomer takes
/// another's. To be in it opens nothing; whoever is heard for it is identified as always.
/// </summary>
internal sealed class ProvedKeys
{
    private const int Places = 8 * 1024;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly ulong[] _digests = new ulong[Places];

    public void Remember(string key)
    {
        var digest = DigestOf(key, out var place);
        Volatile.Write(ref _digests[place], digest);
    }

    public bool Knows(string key)
    {
        var digest = DigestOf(key, out var place);
        return Volatile.Read(ref _digests[place]) == digest;
    }

    private ulong DigestOf(string key, out int place)
    {
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, MemoryMarshal.AsBytes(key.AsSpan()), digest);
        place = BinaryPrimitives.ReadUInt16LittleEndian(digest[8..]) % Places;
        return BinaryPrimitives.ReadUInt64LittleEndian(digest) | 1; // an empty place knows nobody
    }
}
