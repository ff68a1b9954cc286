namespace Gatehouse.Audit;

/// <summary>
/// A commit of which nobody has heard whether it was carried out. The chain tells, by the last record that was to be committed; that it has grown
/// does not, for another instance may have ended it meanwhile.
/// </summary>
internal sealed class UncertainCommit
{
    private readonly byte[] _hash = new byte[MerkleHash.Length];
    private long _last;

    /// <summary>Remembers what is about to be committed.</summary>
    public void Begin(ChainState state)
    {
        _last = state.Last;
        state.Previous.CopyTo(_hash, 0);
    }

    /// <summary>It is known how it ended.</summary>
    public void End() => _last = 0;

    /// <summary>Whether there was one, and it is in the chain that the store has open.</summary>
    public bool WasCarriedOut(AuditStore store)
    {
        if (_last == 0) return false;
        foreach (var stored in store.Read(_last)) return stored.Sequence == _last && stored.Hash.AsSpan().SequenceEqual(_hash);
        return false;
    }
}
