using System.Numerics;
using System.Security.Cryptography;

namespace Gatehouse.Audit;

/// <summary>
/// A Merkle tree that grows at its end, as the roots of its complete subtrees: as many as there are ones in its size. That is all it takes to
/// append to it and to know its root.
/// </summary>
internal sealed class TreeFrontier
{
    private readonly byte[] _roots = new byte[64 * MerkleHash.Length]; // the largest subtree first; a size has at most 63 bits
    private int _count;

    /// <summary>Leaves.</summary>
    public long Size { get; private set; }

    /// <summary>A tree of that size, or null where these cannot be the roots of its complete subtrees.</summary>
    public static TreeFrontier? From(long size, ReadOnlySpan<byte> roots)
    {
        var count = BitOperations.PopCount((ulong)size);
        if (size < 0 || roots.Length != count * MerkleHash.Length) return null;
        var tree = new TreeFrontier { Size = size, _count = count };
        roots.CopyTo(tree._roots);
        return tree;
    }

    public void Add(ReadOnlySpan<byte> leaf)
    {
        leaf.CopyTo(Root(_count++));
        // the new leaf completes as many subtrees as the size so far ends in ones
        for (var complete = BitOperations.TrailingZeroCount(~Size); complete > 0; complete--)
        {
            _count--;
            MerkleHash.OfNode(Root(_count - 1), Root(_count), Root(_count - 1));
        }

        Size++;
    }

    /// <summary>The hash of the whole tree (RFC 9162 section 2.1.1).</summary>
    public void Hash(Span<byte> hash)
    {
        if (_count == 0)
        {
            SHA256.HashData([], hash);
            return;
        }

        Root(_count - 1).CopyTo(hash);
        for (var i = _count - 2; i >= 0; i--) MerkleHash.OfNode(Root(i), hash, hash);
    }

    public byte[] ToBytes() => _roots[..(_count * MerkleHash.Length)];

    private Span<byte> Root(int at) => _roots.AsSpan(at * MerkleHash.Length, MerkleHash.Length);
}
