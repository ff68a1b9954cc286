using System.Globalization;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>What an instance records before anything else: that it began, what it found, and what nobody will ever know.</summary>
internal sealed class ChainBeginning(AuditStore store, ChainWriter writer, AuditTrailOptions options, TimeProvider clock)
{
    /// <param name="isStart">Whether the process has just begun; otherwise the store was opened anew.</param>
    /// <param name="by">The instance that does it for another, which is gone, and ends its run at once; null for an instance itself.</param>
    /// <returns>The note of the checkpoint that was made, or null.</returns>
    public string? Write(OpenedChain opened, bool isStart, EventWriter events, string? by = null)
    {
        var state = opened.State;
        var (found, signed) = (state.Last, state.Signed);
        if (!isStart && opened.FirstBroken == 0) return null;
        store.Begin();
        var aside = opened.FirstBroken == 0 ? 0 : store.SetAside(opened.FirstBroken);
        // what was there without a checkpoint is signed from now on: that it was not before can always be seen
        if (isStart)
            Append(AuditKind.Start, signed == found ? 0 : signed + 1, signed == found ? 0 : found,
                by is not null ? [new("by", by)] : found == 0 ? Origins(state.Chain) : []);
        if (aside > 0 || (isStart && !opened.WasStopped))
            Append(AuditKind.Repair, aside == 0 ? 0 : found + 1, aside == 0 ? 0 : found + aside,
                [new("last-whole", Text(found)), new("set-aside", Text(aside))]);
        if (opened.Copied is { } copy && copy.Size > found && isStart)
            Append(AuditKind.Gap, found + 1, copy.Size, [new("signed", Text(copy.Size))], "records that were signed are not there");
        var unknown = isStart ? CloseIntents(state) : 0;
        if (by is not null) writer.Append(AuditRecord.Stop(clock.GetUtcNow()));
        var note = writer.SignIfDue(now: by is not null);
        store.Commit();
        var whose = by is null ? "" : $" of '{state.Chain.Instance}'";
        if (unknown > 0)
            events.Write(
                $"of {unknown} exchanges{whose} that were under way when the run before ended nobody knows what became; see 'gatehouse audit open'");
        Say(opened, found, aside, isStart, whose, events);
        return note;
    }

    /// <summary>The name of a chain that begins, and the chain of the same instance that it follows on, as the second place knows it.</summary>
    private List<AuditDetail> Origins(AuditChain chain)
    {
        List<AuditDetail> details = [new(AuditDetail.Origin, chain.Origin)];
        if (options.Copies is not { } folder || CheckpointCopies.NewestOf(folder, options.Gateway, chain.Instance) is not { } before) return details;
        details.Add(new(AuditDetail.Follows, before.Checkpoint.Origin));
        details.Add(new("follows-size", Text(before.Checkpoint.Size)));
        details.Add(new("follows-root", Convert.ToBase64String(before.Checkpoint.Root)));
        return details;
    }

    /// <summary>Whoever could have said what became of them is gone.</summary>
    /// <returns>How many.</returns>
    private int CloseIntents(ChainState state)
    {
        List<KeyValuePair<string, long>> open = [.. state.Open.OrderBy(o => o.Value)];
        foreach (var (intent, sequence) in open)
        {
            writer.Append(AuditRecord.Unknown(intent, sequence, "the instance stopped before it was over", clock.GetUtcNow()));
        }

        return open.Count;
    }

    private void Append(AuditKind kind, long first, long last, IReadOnlyList<AuditDetail> details, string? reason = null) =>
        writer.Append(new AuditRecord
        {
            Kind = kind,
            Time = clock.GetUtcNow(),
            First = first,
            Last = last,
            Details = details,
            Reason = reason,
        });

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Say(OpenedChain opened, long found, int aside, bool isStart, string whose, EventWriter events)
    {
        if (aside > 0) events.Write($"the audit trail{whose} was not whole behind record {found}: {aside} records were set aside");
        else if (isStart && !opened.WasStopped)
            events.Write($"the run before{whose} did not stop in good order; the audit trail is whole up to record {found}");
        if (isStart && opened.Copied is { } copy && copy.Size > found)
            events.Write($"the audit trail{whose} ends at record {found}, but {copy.Size} were signed: some are gone");
    }
}
