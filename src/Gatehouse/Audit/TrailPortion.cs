namespace Gatehouse.Audit;

/// <summary>
/// Some of the records that wait, written in one transaction. What has gathered while a store could not be written may be more than one that has
/// little time for each statement takes at once, so that it never would.
/// </summary>
internal static class TrailPortion
{
    /// <summary>Bytes of one transaction, where it has more records than one.</summary>
    public const int MostBytes = 1 << 20;

    /// <param name="count">How many of the batch's first records.</param>
    /// <param name="gaps">What is to be said of those that are missing, once all that wait are written; null before.</param>
    /// <returns>The note of the checkpoint that was made, or null; and what was said.</returns>
    public static (string? Note, TrailGaps.Said Said) Write(
        AuditStore store, ChainWriter writer, AuditBatch batch, int count, TrailGaps? gaps, UncertainCommit uncertain)
    {
        var posted = 0;
        store.Begin();
        foreach (var entry in batch.Entries[..count])
        {
            if (!entry.IsWaitedFor) posted++;
            else if (batch.IsAbandoned) continue;
            writer.Append(batch.Body(entry), batch.Personal(entry), entry.Kind, entry.Time, entry.RequestId, entry.Intent);
        }

        var said = gaps?.Append(writer) ?? default;
        var note = writer.SignIfDue();
        uncertain.Begin(writer, said, posted);
        store.Commit();
        uncertain.End();
        writer.Ship();
        return (note, said);
    }
}
