using System.Security.Cryptography;
using CsCheck;
using Gatehouse.Audit;

namespace Gatehouse.Tests.Audit;

public sealed class MerkleTests
{
    private static readonly Gen<byte[]> AnyHash = Gen.Byte.Array[32];
    private static readonly Gen<(byte[][] Leaves, int Index)> AnyTree =
        from leaves in AnyHash.Array[1, 150]
        from index in Gen.Int[0, leaves.Length - 1]
        select (leaves, index);

    [Fact]
    public void A_tree_that_grows_has_the_root_of_RFC_9162() => AnyHash.Array[0, 150].Sample(leaves =>
    {
        var tree = Grown(leaves);
        return tree.SequenceEqual(Root(leaves));
    });

    [Fact]
    public void A_tree_goes_on_from_what_was_kept_of_it() => AnyTree.Sample(t =>
    {
        var tree = new TreeFrontier();
        foreach (var leaf in t.Leaves[..t.Index]) tree.Add(leaf);
        var again = TreeFrontier.From(tree.Size, tree.ToBytes())!;
        foreach (var leaf in t.Leaves[t.Index..]) again.Add(leaf);
        var root = new byte[32];
        again.Hash(root);
        return root.SequenceEqual(Root(t.Leaves));
    });

    [Fact]
    public void A_proof_leads_from_its_leaf_to_the_root() => AnyTree.Sample(t =>
    {
        var proof = InclusionProof.Of(t.Index, t.Leaves.Length, t.Leaves)!;
        return InclusionProof.Holds(t.Index, t.Leaves.Length, t.Leaves[t.Index], proof, Root(t.Leaves));
    });

    [Fact]
    public void A_proof_of_something_else_fails() => Gen.Select(AnyTree, AnyHash, Gen.Int[0, 255], Gen.Int[0, 999]).Sample((t, other, bit, at) =>
    {
        var (leaves, index) = t;
        var proof = InclusionProof.Of(index, leaves.Length, leaves)!;
        var root = Root(leaves);
        Assert.False(InclusionProof.Holds(index, leaves.Length, other, proof, root) && !other.SequenceEqual(leaves[index]));
        Assert.False(InclusionProof.Holds(index, leaves.Length, leaves[index], proof, Flipped(root, bit)));
        Assert.False(InclusionProof.Holds(index, leaves.Length, leaves[index], [.. proof, other], root));
        if (proof.Count == 0) return;
        Assert.False(InclusionProof.Holds(index, leaves.Length, leaves[index], [.. proof.Take(proof.Count - 1)], root));
        byte[][] changed = [.. proof];
        changed[at % proof.Count] = Flipped(changed[at % proof.Count], bit);
        Assert.False(InclusionProof.Holds(index, leaves.Length, leaves[index], changed, root));
        Assert.False(InclusionProof.Holds(index ^ 1, leaves.Length, leaves[index], proof, root));
    });

    [Fact]
    public void A_proof_needs_every_leaf()
    {
        byte[][] leaves = [.. Enumerable.Range(0, 9).Select(i => SHA256.HashData([(byte)i]))];
        Assert.Null(InclusionProof.Of(3, 10, leaves));
        Assert.Null(TreeFrontier.From(9, new byte[32]));
    }

    private static byte[] Flipped(byte[] hash, int bit)
    {
        byte[] changed = [.. hash];
        changed[bit / 8] ^= (byte)(1 << (bit % 8));
        return changed;
    }

    private static byte[] Grown(byte[][] leaves)
    {
        var tree = new TreeFrontier();
        foreach (var leaf in leaves) tree.Add(leaf);
        var root = new byte[32];
        tree.Hash(root);
        return root;
    }

    /// <summary>RFC 9162 section 2.1.1, as it is written there.</summary>
    private static byte[] Root(byte[][] leaves)
    {
        if (leaves.Length == 0) return SHA256.HashData([]);
        if (leaves.Length == 1) return leaves[0];
        var half = 1;
        while (half * 2 < leaves.Length) half *= 2;
        return SHA256.HashData([1, .. Root(leaves[..half]), .. Root(leaves[half..])]);
    }
}
