using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Gatehouse.Policies.Body;

/// <summary>
/// The names that the objects of one body have had, as 64 bits each: SipHash (Aumasson and Bernstein, 2012; one round for each word, three at the
/// end) of the object's number and the name, under a key of this process. Equal names are always seen. That two different ones are taken for equal
/// nobody can bring about, and for a hundred thousand names chance does so once in some billion bodies.
/// </summary>
internal sealed class JsonNames : IDisposable
{
    private const int Least = 64;

    private static readonly ulong Key0 = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
    private static readonly ulong Key1 = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    private ulong[] _places = Clean(Least);
    private int _size = Least;
    private int _count;

    /// <summary>Adds a name, unescaped; false when the object has it already.</summary>
    public bool Add(long owner, ReadOnlySpan<byte> name)
    {
        if (_count >= _size / 2) Grow();
        if (!Put(_places, _size, Hash((ulong)owner, name))) return false;
        _count++;
        return true;
    }

    public void Dispose()
    {
        ArrayPool<ulong>.Shared.Return(_places);
        _places = [];
        _size = 0;
    }

    private static ulong[] Clean(int size)
    {
        var places = ArrayPool<ulong>.Shared.Rent(size);
        places.AsSpan(0, size).Clear();
        return places;
    }

    private static bool Put(ulong[] places, int size, ulong hash)
    {
        if (hash == 0) hash = 1; // 0 is an empty place
        for (var i = (int)hash & (size - 1); ; i = (i + 1) & (size - 1))
        {
            if (places[i] == hash) return false;
            if (places[i] != 0) continue;
            places[i] = hash;
            return true;
        }
    }

    private void Grow()
    {
        var (places, size) = (Clean(_size * 4), _size * 4);
        foreach (var hash in _places.AsSpan(0, _size))
            if (hash != 0) Put(places, size, hash);
        ArrayPool<ulong>.Shared.Return(_places);
        (_places, _size) = (places, size);
    }

    private static ulong Hash(ulong owner, ReadOnlySpan<byte> name)
    {
        var (v0, v1) = (Key0 ^ 0x736f6d6570736575, Key1 ^ 0x646f72616e646f6d);
        var (v2, v3) = (Key0 ^ 0x6c7967656e657261, Key1 ^ 0x7465646279746573);
        Mix(owner, ref v0, ref v1, ref v2, ref v3);
        var last = (ulong)name.Length << 56;
        for (; name.Length >= 8; name = name[8..]) Mix(BinaryPrimitives.ReadUInt64LittleEndian(name), ref v0, ref v1, ref v2, ref v3);
        for (var i = 0; i < name.Length; i++) last |= (ulong)name[i] << (8 * i);
        Mix(last, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xff;
        for (var i = 0; i < 3; i++) Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Mix(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 = BitOperations.RotateLeft(v0, 32) + v3;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
