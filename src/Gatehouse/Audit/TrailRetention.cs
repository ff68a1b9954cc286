using System.Globalization;

namespace Gatehouse.Audit;

/// <summary>
/// Takes records out whose time is over, and says so in a record in the same transaction. Their hashes stay: the chain and the tree are whole, and
/// whatever is left can still be proved. What says so stays for as long as the trail.
/// </summary>
internal static class TrailRetention
{
    /// <summary>Records of one transaction: nobody is to wait for longer than a moment because of it.</summary>
    public const int AtOnce = 5_000;

    /// <summary>Takes the next stretch of a chain out.</summary>
    /// <param name="writer">Writes the record: in that chain, or in that of the command line.</param>
    /// <param name="chain">The chain that records are taken out of.</param>
    /// <param name="before">The first instant whose records are kept.</param>
    /// <param name="from">The record to begin with; afterwards, the one to go on with.</param>
    /// <param name="act">Who did it and why, where that was a person.</param>
    public static RetentionStep Step(
        AuditStore store, ChainWriter writer, AuditChain chain, DateTimeOffset before, ref long from, TimeProvider clock, TrailAct? act = null)
    {
        if (store.Expired(chain, before, AtOnce, ref from, out var isOver) is not var (first, last)) return new(0, null, isOver, Doubtful: 0);
        var doubtful = FirstDoubtful(store.Read(chain, first), last, before);
        if (doubtful > 0)
        {
            var until = doubtful == first ? null : store.LastUnder(chain, first, doubtful - 1);
            if (until is not { } signed || signed < first) return new(0, null, IsOver: true, doubtful);
            last = signed;
        }

        store.Begin();
        writer.Append(new AuditRecord
        {
            Kind = AuditKind.Retention,
            Time = clock.GetUtcNow(),
            Who = act?.Who,
            Reason = act?.Reason ?? "their time was over",
            First = first,
            Last = last,
            Details = [new(AuditDetail.Chain, chain.Origin), new("before", Text(before))],
        });
        var taken = store.TakeOut(chain, first, last);
        var note = writer.SignIfDue(now: true); // what is not signed proves nothing, and this has to
        store.Commit();
        return new(taken, note, IsOver: doubtful > 0, doubtful);
    }

    /// <summary>
    /// The store's columns are not hashed: who can write to it would have the gateway itself take out what they put an old time beside. What counts
    /// is what a record says, and that it is the one that was written.
    /// </summary>
    /// <returns>0 where there is none.</returns>
    private static long FirstDoubtful(IEnumerable<StoredRecord> records, long last, DateTimeOffset before)
    {
        foreach (var stored in records)
        {
            if (stored.Sequence > last) break;
            if (stored.Line is { } line && !IsOver(stored, line, before)) return stored.Sequence;
        }

        return 0;
    }

    private static bool IsOver(StoredRecord stored, byte[] line, DateTimeOffset before)
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        MerkleHash.OfLeaf(line, hash);
        return hash.SequenceEqual(stored.Hash) && RecordReader.Read(line, null) is { Record: var record } && record.Sequence == stored.Sequence
            && record.Time.ToUnixTimeMilliseconds() == stored.Time && record.Time < before;
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What a step of a retention came to.</summary>
/// <param name="Taken">How many records were taken out.</param>
/// <param name="Note">The note of the checkpoint that was made, or null.</param>
/// <param name="IsOver">Whether there is no more of this chain.</param>
/// <param name="Doubtful">
/// The first record that is not what its hash says, or not as old as the time beside it says: it and what is behind it stays. 0 for none.
/// </param>
internal readonly record struct RetentionStep(long Taken, string? Note, bool IsOver, long Doubtful);

/// <summary>Who did something to the trail by the command line, and why.</summary>
internal sealed record TrailAct(string Who, string? Reason);
