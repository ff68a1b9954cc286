using System.Security.Cryptography;

namespace Gatehouse.Audit;

/// <summary>The hashes of a Merkle tree (RFC 9162 section 2.1.1): SHA-256, leaves after a zero, nodes after a one.</summary>
internal static class MerkleHash
{
    /// <summary>Bytes of a hash.</summary>
    public const int Length = 32;

    private const int LongestOnStack = 4096;

    /// <summary>A record's own hash: it is the hash of a leaf, so that one hash serves the chain and the tree.</summary>
    public static void OfLeaf(ReadOnlySpan<byte> line, Span<byte> hash)
    {
        Span<byte> bytes = line.Length < LongestOnStack ? stackalloc byte[LongestOnStack] : new byte[line.Length + 1];
        bytes[0] = 0;
        line.CopyTo(bytes[1..]);
        SHA256.HashData(bytes[..(line.Length + 1)], hash);
    }

    public static void OfNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> hash)
    {
        Span<byte> bytes = stackalloc byte[1 + 2 * Length];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Length)..]);
        SHA256.HashData(bytes, hash);
    }
}
