namespace Gatehouse.Audit;

/// <summary>
/// Reads a trail, also while somebody writes to it. What it gives is what is kept, not what is true: <see cref="TrailCheck"/> says whether it
/// holds.
/// </summary>
internal abstract class AuditReader : IDisposable
{
    /// <summary>Whether what is personal is here, beside the records that have it.</summary>
    public virtual bool HasPersonal => true;

    /// <summary>Whether what is unknown is listed here, beside the records that say so.</summary>
    public virtual bool ListsUnknown => true;

    /// <summary>From now on everything is read as it is now, whatever is written meanwhile. Until the end: for who reads all of it.</summary>
    public virtual void Freeze()
    {
    }

    /// <summary>Every chain that is kept here, in the order in which they were begun.</summary>
    public abstract IReadOnlyList<AuditChain> Chains();

    /// <summary>The records of a chain from this number on, in order, those without a line included.</summary>
    public abstract IEnumerable<StoredRecord> Records(AuditChain chain, long from = 1);

    /// <summary>
    /// The records of a chain that may be wanted, in order: a store that can tell leaves out others, but never the intent before or the end after
    /// what is wanted.
    /// </summary>
    public virtual IEnumerable<StoredRecord> Candidates(AuditChain chain, AuditQuery query) => Records(chain);

    /// <summary>The number of a chain's last record; 0 for none.</summary>
    public abstract long Last(AuditChain chain);

    /// <summary>The checkpoints of a chain, the smallest first.</summary>
    public abstract IEnumerable<StoredCheckpoint> Checkpoints(AuditChain chain);

    /// <summary>The intents that are unknown and not closed.</summary>
    public abstract IReadOnlyList<UnknownIntent> Unknown();

    public abstract void Dispose();
}

/// <summary>An exchange of which nobody knows what became.</summary>
/// <param name="Sequence">The record by which it became unknown.</param>
internal sealed record UnknownIntent(AuditChain Chain, string RequestId, long Sequence);
