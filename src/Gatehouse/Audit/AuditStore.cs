namespace Gatehouse.Audit;

/// <summary>
/// Where a trail is kept. One thread alone calls it, one call after the other; each may throw, and then the store is closed and opened anew. It
/// knows nothing of chains and trees: it keeps rows, all of a transaction or none.
/// </summary>
internal abstract class AuditStore
{
    /// <summary>Records that are looked at for the next one whose content is there still.</summary>
    public const int LooksAt = 100_000;

    /// <summary>How the operator is told of it: a path, or a store's name. Never with a password.</summary>
    public abstract string Name { get; }

    /// <summary>What went wrong, as the operator may read it.</summary>
    public virtual string Why(Exception e) => e.Message;

    /// <summary>
    /// Opens it for the one writer of a chain, and makes the chain where there is none.
    /// </summary>
    /// <param name="gateway">The gateway's name, which a chain that is made now has in its origin.</param>
    /// <param name="instance">The instance whose chain it is.</param>
    /// <exception cref="AuditStoreTakenException">Another process writes to it.</exception>
    public abstract AuditChain Open(string gateway, string instance);

    /// <summary>
    /// Another way into what is kept here, beside the writer's, for chains that nobody writes; null where the writer holds all of it.
    /// </summary>
    public abstract AuditStore? Beside();

    /// <summary>Opens it without a chain, to look at those that are there.</summary>
    /// <returns>Every chain with the number of its last record, in the order in which they were begun.</returns>
    /// <exception cref="AuditStoreTakenException">Another process writes to it.</exception>
    public abstract IReadOnlyList<(AuditChain Chain, long Last)> OpenForOthers();

    /// <summary>
    /// After <see cref="OpenForOthers"/>: lets go of the chain that was taken before, and takes this one as its writer would.
    /// </summary>
    /// <returns>False where somebody writes it.</returns>
    public abstract bool TryTake(AuditChain chain);

    /// <summary>The newest checkpoint of the opened chain, or null.</summary>
    public abstract StoredCheckpoint? LastCheckpoint();

    /// <summary>The records of the opened chain from this number on, in order.</summary>
    public abstract IEnumerable<StoredRecord> Read(long from);

    /// <summary>The records of any chain that is kept here.</summary>
    public abstract IEnumerable<StoredRecord> Read(AuditChain chain, long from);

    /// <summary>The intents of the opened chain that are unknown and not closed, by request id.</summary>
    public abstract IReadOnlyList<string> Unknown();

    public abstract void Begin();

    public abstract void Append(in RecordRow row);

    public abstract void Append(StoredCheckpoint checkpoint);

    /// <summary>An intent became unknown.</summary>
    public abstract void AddUnknown(string requestId, long sequence);

    /// <summary>An unknown intent was closed, or its outcome came after all. Nothing happens where there is none.</summary>
    public abstract void RemoveUnknown(string requestId);

    /// <summary>Moves the records from this number on out of the chain, to where nothing but a person looks.</summary>
    /// <returns>How many.</returns>
    public abstract int SetAside(long from);

    /// <summary>
    /// The next stretch of a chain whose content is there still and whose time, as the columns have it, is over: up to the last checkpoint in it
    /// where there is one. Of what was taken out before it looks at no more than <see cref="LooksAt"/> records, so that nobody waits for long.
    /// </summary>
    /// <param name="before">The first instant whose records are kept.</param>
    /// <param name="most">How many records at most.</param>
    /// <param name="from">Where to begin; afterwards, where to go on.</param>
    /// <param name="isOver">Whether there is nothing behind that either.</param>
    /// <returns>The first and the last; null where none was found.</returns>
    public (long First, long Last)? Expired(AuditChain chain, DateTimeOffset before, long most, ref long from, out bool isOver)
    {
        isOver = false;
        if (FirstWithContent(chain, from, from + LooksAt) is not { } first)
        {
            if (!Reaches(chain, from + LooksAt)) isOver = true;
            else from += LooksAt;
            return null;
        }

        from = first;
        var last = LastOver(chain, first, first + most, before);
        if (last >= first && LastUnder(chain, first, last) is { } signed && signed >= first) return (first, signed);
        isOver = true;
        return null;
    }

    /// <summary>The first record of a stretch whose content may be taken out.</summary>
    public abstract long? FirstWithContent(AuditChain chain, long from, long end);

    /// <summary>Whether there is a record of that number or a later one.</summary>
    public abstract bool Reaches(AuditChain chain, long sequence);

    /// <summary>The last of a stretch before the first record that is kept.</summary>
    public abstract long LastOver(AuditChain chain, long first, long end, DateTimeOffset before);

    /// <summary>The last checkpoint of a stretch; where there is none in it, its end as far as one covers it.</summary>
    public abstract long? LastUnder(AuditChain chain, long first, long last);

    /// <summary>
    /// Takes the content of records out, and what is personal with it: their hashes stay, so that the chain holds. What says that content was taken
    /// out stays too: it has to be there for as long as the trail is.
    /// </summary>
    /// <returns>Of how many.</returns>
    public abstract int TakeOut(AuditChain chain, long first, long last);

    /// <summary>Puts what is left of what is personal in the place of what was there.</summary>
    /// <param name="left">Null for nothing.</param>
    public abstract void Erase(AuditChain chain, long sequence, byte[]? left);

    /// <summary>Sees to it that what was taken out is not on the disk any more, as far as that is in the store's hands.</summary>
    /// <returns>Whether it is done; false while somebody reads or writes what it needs.</returns>
    public abstract bool Scrub();

    /// <summary>When this returns, all that was appended since <see cref="Begin"/> is on disk.</summary>
    public abstract void Commit();

    /// <summary>Lets go of everything, whatever state it is in. Never throws. It can be opened again.</summary>
    public abstract void Close();
}

/// <summary>A chain of records: what one instance wrote into one store.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="Origin">The name of the chain in its checkpoints; no two chains have the same.</param>
internal sealed record AuditChain(long Id, string Instance, string Origin);

/// <summary>A record as it is put into a store. It is valid during the call.</summary>
internal readonly ref struct RecordRow
{
    public required long Sequence { get; init; }

    /// <summary>Milliseconds since 1970, as the line says.</summary>
    public required long Time { get; init; }

    /// <summary>The record's own hash: 32 bytes.</summary>
    public required ReadOnlySpan<byte> Hash { get; init; }

    /// <summary>The canonical form.</summary>
    public required ReadOnlySpan<byte> Line { get; init; }

    /// <summary>What is personal, with its salts, as JSON; empty for nothing.</summary>
    public required ReadOnlySpan<byte> Personal { get; init; }
}

/// <summary>A record as it is kept.</summary>
/// <param name="Line">The canonical form; null where it was taken out because its time was over.</param>
/// <param name="Personal">What is personal, with its salts; null where there was nothing, or where it was erased.</param>
internal sealed record StoredRecord(long Sequence, long Time, byte[] Hash, byte[]? Line, byte[]? Personal)
{
    /// <summary>Whether it is found by what it says: false where the store's own columns and lists say something else.</summary>
    public bool IsFoundByWhatItSays { get; init; } = true;
}

/// <summary>A signed checkpoint as it is kept.</summary>
/// <param name="Size">How many records it is over, from the first on.</param>
/// <param name="Note">The signed note (C2SP tlog-checkpoint).</param>
/// <param name="Frontier">The roots of the complete subtrees at that size, the largest first: 32 bytes each.</param>
/// <param name="OpenFrom">The first intent that had no outcome then; the next number where there was none.</param>
internal sealed record StoredCheckpoint(long Size, string Note, byte[] Frontier, long OpenFrom);

/// <summary>Another process writes to the store.</summary>
internal sealed class AuditStoreTakenException(string message) : IOException(message);
