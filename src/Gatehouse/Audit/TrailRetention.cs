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
    /// <returns>How many records were taken out, the note of the checkpoint that was made, and whether there is no more.</returns>
    public static (long Taken, string? Note, bool IsOver) Step(
        AuditStore store, ChainWriter writer, AuditChain chain, DateTimeOffset before, ref long from, TimeProvider clock, TrailAct? act = null)
    {
        if (store.Expired(chain, before, AtOnce, ref from, out var isOver) is not var (first, last)) return (0, null, isOver);
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
        return (taken, note, false);
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>Who did something to the trail by the command line, and why.</summary>
internal sealed record TrailAct(string Who, string? Reason);
