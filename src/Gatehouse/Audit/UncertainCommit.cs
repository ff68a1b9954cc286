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
    private int _posted;

    /// <summary>Remembers what is about to be committed.</summary>
    /// <param name="posted">Records among it that nobody waits for: they are kept until they are known to be written.</param>
    public void Begin(ChainWriter writer, TrailGaps.Said said, int posted)
    {
        (_writer, _said, _last, _posted) = (writer, said, writer.State.Last, posted);
        writer.State.Previous.CopyTo(_hash, 0);
    }

    /// <summary>It is known how it ended.</summary>
    public void End() => _writer = null;

    /// <summary>Does what follows a commit, where there was one and the store's open chain has it. Else it is still to be done.</summary>
    /// <param name="posted">How many of the records that are kept it has.</param>
    public bool TryTakeAsWritten(AuditStore store, TrailGaps gaps, out int posted)
    {
        posted = _posted;
        if (_writer is null || store.Read(_last).FirstOrDefault() is not { } stored) return false;
        if (stored.Sequence != _last || !stored.Hash.AsSpan().SequenceEqual(_hash)) return false;
        _writer.Ship();
        gaps.Written(_said);
        return true;
    }
}
