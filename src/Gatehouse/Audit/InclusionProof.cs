namespace Gatehouse.Audit;

/// <summary>That a leaf is in a tree: the hashes beside its way to the root, the lowest first (RFC 9162 section 2.1.3).</summary>
internal static class InclusionProof
{
    /// <summary>Proves one leaf, in one pass over all and with little memory.</summary>
    /// <param name="index">The leaf, from 0.</param>
    /// <param name="size">The leaves of the tree.</param>
    /// <param name="leaves">At least the first <paramref name="size"/> leaves, in order.</param>
    /// <returns>The hashes, or null where there are fewer leaves.</returns>
    public static IReadOnlyList<byte[]>? Of(long index, long size, IEnumerable<byte[]> leaves)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var ranges = Beside(index, size);
        var trees = new TreeFrontier[ranges.Count];
        for (var i = 0; i < trees.Length; i++) trees[i] = new TreeFrontier();
        var at = 0L;
        foreach (var leaf in leaves)
        {
            if (at == size) break;
            for (var i = 0; i < trees.Length; i++)
                if (at >= ranges[i].From && at < ranges[i].To) trees[i].Add(leaf);
            at++;
        }

        return at == size ? [.. trees.Select(HashOf)] : null;
    }

    /// <summary>Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2).</summary>
    public static bool Holds(long index, long size, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        if (index < 0 || index >= size || leaf.Length != MerkleHash.Length) return false;
        var (at, last) = (index, size - 1);
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        leaf.CopyTo(hash);
        foreach (var beside in proof)
        {
            if (last == 0 || beside.Length != MerkleHash.Length) return false;
            if ((at & 1) == 1 || at == last)
            {
                MerkleHash.OfNode(beside, hash, hash);
                for (; (at & 1) == 0 && at != 0; at >>= 1, last >>= 1)
                {
                }
            }
            else
            {
                MerkleHash.OfNode(hash, beside, hash);
            }

            at >>= 1;
            last >>= 1;
        }

        return last == 0 && hash.SequenceEqual(root);
    }

    /// <summary>The ranges of leaves beside the way, the lowest first (RFC 9162 section 2.1.3.1).</summary>
    private static List<(long From, long To)> Beside(long index, long size)
    {
        var ranges = new List<(long, long)>();
        var (from, to) = (0L, size);
        while (to - from > 1)
        {
            var half = 1L;
            while (half * 2 < to - from) half *= 2;
            var middle = from + half;
            if (index < middle)
            {
                ranges.Add((middle, to));
                to = middle;
            }
            else
            {
                ranges.Add((from, middle));
                from = middle;
            }
        }

        ranges.Reverse();
        return ranges;
    }

    private static byte[] HashOf(TreeFrontier tree)
    {
        var hash = new byte[MerkleHash.Length];
        tree.Hash(hash);
        return hash;
    }
}
