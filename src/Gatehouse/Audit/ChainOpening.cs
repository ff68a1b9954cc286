namespace Gatehouse.Audit;

/// <summary>
/// Finds where a chain has got to: from the newest checkpoint on it looks at every record, and stops at the first that is not whole. What stands
/// behind that one was never acknowledged under a checkpoint, and goes aside; what a checkpoint says and the store does not hold is no crash, and
/// nothing is written over it.
/// </summary>
internal static class ChainOpening
{
    /// <exception cref="InvalidDataException">What is kept does not go with its checkpoints.</exception>
    public static OpenedChain Open(AuditStore store, AuditTrailOptions options) =>
        Read(store, store.Open(options.Gateway, options.Instance), options);

    /// <summary>The same for a chain that the store has open.</summary>
    /// <exception cref="InvalidDataException">What is kept does not go with its checkpoints.</exception>
    public static OpenedChain Read(AuditStore store, AuditChain chain, AuditTrailOptions options)
    {
        var state = new ChainState(chain);
        var checkpoint = store.LastCheckpoint();
        if (checkpoint is not null) Begin(state, checkpoint, options);
        foreach (var request in store.Unknown()) state.Unknown.Add(request);
        var opened = new OpenedChain(state) { Copied = CopyOf(chain, options) };
        var from = Math.Max(1, Math.Min(state.Signed, checkpoint?.OpenFrom ?? 1));
        var isWhole = state.Signed == 0;
        foreach (var stored in store.Read(from))
        {
            if (stored.Sequence <= state.Signed)
            {
                if (stored.Sequence != from++) break;
                isWhole |= stored.Sequence == state.Signed && IsWhole(stored);
                FollowSigned(opened, stored);
            }
            else if (!isWhole || !TryAdd(opened, stored))
            {
                opened.FirstBroken = stored.Sequence;
                break;
            }
        }

        if (!isWhole) throw new InvalidDataException($"record {state.Signed} is under a checkpoint and not there or not whole");
        return opened;
    }

    /// <summary>The newest checkpoint is what the next one builds upon: it counts only when it is our own.</summary>
    private static void Begin(ChainState state, StoredCheckpoint checkpoint, AuditTrailOptions options)
    {
        var root = new byte[MerkleHash.Length];
        var tree = TreeFrontier.From(checkpoint.Size, checkpoint.Frontier);
        tree?.Hash(root);
        if (tree is null || Checkpoint.Read(checkpoint.Note) is not { } signed || signed.Checkpoint.Origin != state.Chain.Origin
            || signed.Checkpoint.Size != checkpoint.Size || !signed.Checkpoint.Root.AsSpan().SequenceEqual(root) || !IsOurs(signed, options))
            throw new InvalidDataException("the newest checkpoint was not made with the key of this gateway");
        state.Tree = tree;
        state.Signed = checkpoint.Size;
    }

    private static bool IsOurs(SignedCheckpoint signed, AuditTrailOptions options) =>
        options.Key is null || signed.IsSignedBy(options.Key.Public) || options.FormerKeys.Any(signed.IsSignedBy);

    private static Checkpoint? CopyOf(AuditChain chain, AuditTrailOptions options) =>
        options.Copies is { } folder && CheckpointCopies.Newest(folder, chain.Origin) is { } copy && IsOurs(copy, options) ? copy.Checkpoint : null;

    private static void FollowSigned(OpenedChain opened, StoredRecord stored)
    {
        if (stored.Sequence == opened.State.Signed && stored.Hash.Length == MerkleHash.Length) stored.Hash.CopyTo(opened.State.Previous, 0);
        if (RecordReader.Read(stored)?.Record is not { } record) return;
        opened.State.Follow(record.Kind, record.RequestId, record.Intent, stored.Sequence);
        opened.LastKind = record.Kind;
    }

    private static bool TryAdd(OpenedChain opened, StoredRecord stored)
    {
        var state = opened.State;
        if (RecordReader.Read(stored) is not { } read || !IsNext(state, stored, read)) return false;
        if (read.Record.Kind.IsExcuse()) return false; // it was signed as soon as it was said, or somebody else said it
        state.Add(stored.Hash);
        state.Follow(read.Record.Kind, read.Record.RequestId, read.Record.Intent, stored.Sequence);
        opened.LastKind = read.Record.Kind;
        if (opened.Copied?.Size != state.Last) return true;
        var root = new byte[MerkleHash.Length];
        state.Tree.Hash(root);
        if (!opened.Copied.Root.AsSpan().SequenceEqual(root))
            throw new InvalidDataException($"records up to {state.Last} are not those that were signed");
        return true;
    }

    private static bool IsWhole(StoredRecord stored)
    {
        if (stored.Line is null) return stored.Hash.Length == MerkleHash.Length; // taken out when its time was over
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        MerkleHash.OfLeaf(stored.Line, hash);
        return hash.SequenceEqual(stored.Hash);
    }

    private static bool IsNext(ChainState state, StoredRecord stored, ReadRecord read) =>
        stored.Sequence == state.Last + 1 && IsWhole(stored) && read.Record.Sequence == stored.Sequence
        && read.Record.Instance == state.Chain.Instance && read.Previous == Convert.ToHexStringLower(state.Previous);
}

/// <summary>A chain as it was found.</summary>
internal sealed class OpenedChain(ChainState state)
{
    public ChainState State { get; } = state;

    /// <summary>The newest checkpoint in the second place; null for none.</summary>
    public Checkpoint? Copied { get; init; }

    /// <summary>The kind of the last record; null for none.</summary>
    public AuditKind? LastKind { get; set; }

    /// <summary>The first record that is not whole, behind the newest checkpoint; 0 for none.</summary>
    public long FirstBroken { get; set; }

    /// <summary>Whether the run before ended in good order, or there was none.</summary>
    public bool WasStopped => LastKind is null or AuditKind.Stop;
}
