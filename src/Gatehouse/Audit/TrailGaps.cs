using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// What a trail could not take, for want of room or because it could not be written: counted, and said in the trail as soon as that can be. Of an
/// outcome that was not taken nobody will know, so its intent becomes unknown.
/// </summary>
internal sealed class TrailGaps(EventWriter events, TimeProvider clock, AuditTally tally)
{
    /// <summary>Intents that are remembered for that; those of further ones become unknown at the next start.</summary>
    private const int MostIntents = 65_536;

    private readonly Lock _gate = new();
    private readonly List<string> _intents = [];
    private long _count;

    /// <summary>Records that were not taken and of which nothing says so yet.</summary>
    public long Count => Interlocked.Read(ref _count);

    public bool Any => Interlocked.Read(ref _count) > 0;

    /// <summary>Counts a record that was not taken.</summary>
    public void Add(AuditRecord record)
    {
        lock (_gate)
        {
            _count++;
            if (record.Intent is { } intent && _intents.Count < MostIntents) _intents.Add(intent);
        }

        tally.NotTaken.Add();
    }

    /// <summary>Says it, in the transaction that has begun; <see cref="Written"/> is to be told when that is durable.</summary>
    public Said Append(ChainWriter writer)
    {
        string[] intents;
        long count;
        lock (_gate) (count, intents) = (_count, [.. _intents]);
        if (count == 0) return default;
        writer.Append(AuditRecord.Gap(clock.GetUtcNow(), count));
        var unknown = 0;
        foreach (var intent in intents)
        {
            if (!writer.State.Open.TryGetValue(intent, out var sequence)) continue; // it was never written, or its outcome was
            writer.Append(AuditRecord.Unknown(intent, sequence, "the trail had no room for its outcome", clock.GetUtcNow()));
            unknown++;
        }

        return new Said(count, intents.Length, unknown);
    }

    public void Written(Said said)
    {
        lock (_gate)
        {
            _count -= said.Count;
            _intents.RemoveRange(0, said.Intents);
        }

        if (said.Unknown > 0) events.Write($"the trail had no room for the outcomes of {said.Unknown} exchanges: nobody knows what became of them; see 'gatehouse audit open'");
    }

    /// <param name="Count">Records that were not taken.</param>
    /// <param name="Intents">Of how many of them there may be an intent.</param>
    /// <param name="Unknown">And of how many there is.</param>
    public readonly record struct Said(long Count, int Intents, int Unknown);
}
