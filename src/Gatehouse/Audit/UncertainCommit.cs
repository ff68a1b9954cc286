namespace Gatehouse.Audit;

/// <summary>
/// A commit of which nobody has heard whether it was carried out. The chain tells, by the last record that was to be committed; that it has grown
/// does not, for another instance may have ended it meanwhile.
/// </summary>
internal sealed class UncertainCommit
{
    private readonly byte[] _hash = new byte[MerkleHash.Length];
    private ChainWriter? _writer;
    private TrailGaps.Said _said;
    private long _last;

    /// <summary>Remembers what is about to be committed.</summary>
    public void Begin(ChainWriter writer, TrailGaps.Said said)
    {
        (_writer, _said, _last) = (writer, said, writer.State.Last);
        writer.State.Previous.CopyTo(_hash, 0);
    }

    /// <summary>It is known how it ended.</summary>
    public void End() => _writer = null;

    /// <summary>Does what follows a commit, where there was one and the store's open chain has it. Else it is still to be done.</summary>
    public bool TryTakeAsWritten(AuditStore store, TrailGaps gaps)
    {
        if (_writer is null || store.Read(_last).FirstOrDefault() is not { } stored) return false;
        if (stored.Sequence != _last || !stored.Hash.AsSpan().SequenceEqual(_hash)) return false;
        _writer.Ship();
        gaps.Written(_said);
        return true;
    }
}
