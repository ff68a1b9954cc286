namespace Gatehouse.Audit;

/// <summary>
/// A commit of which nobody has heard whether it was carried out. The chain tells, by the last record that was to be committed; that it has grown
/// does not, for another instance may have ended it meanwhile.
/// </summary>
internal sealed class UncertainCommit
{
    private readonly byte[] _hash = new byte[MerkleHash.Length];
    private long _last;

    /// <summary>Who was about to commit, and has what a collector is to get of it; null where it is known how it ended.</summary>
    public ChainWriter? Writer { get; private set; }

    /// <summary>What was about to be said of records that were not taken.</summary>
    public TrailGaps.Said Said { get; private set; }

    /// <summary>Remembers what is about to be committed.</summary>
    public void Begin(ChainWriter writer, TrailGaps.Said said)
    {
        (Writer, Said, _last) = (writer, said, writer.State.Last);
        writer.State.Previous.CopyTo(_hash, 0);
    }

    /// <summary>It is known how it ended.</summary>
    public void End() => (Writer, Said) = (null, default);

    /// <summary>Whether there was one, and it is in the chain that the store has open.</summary>
    public bool WasCarriedOut(AuditStore store)
    {
        if (Writer is null) return false;
        foreach (var stored in store.Read(_last)) return stored.Sequence == _last && stored.Hash.AsSpan().SequenceEqual(_hash);
        return false;
    }
}
