namespace Gatehouse.Audit;

/// <summary>
/// Whether a trail holds: needs the public key alone, and no store but the one that is looked at. It says the first thing that is wrong of each
/// chain, and what cannot be known.
/// </summary>
internal sealed class TrailCheck(IReadOnlyList<CheckpointVerifier> keys, IReadOnlyList<SignedCheckpoint>? copies)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Looks at every chain of a store.</summary>
    public IReadOnlyList<ChainVerdict> Check(AuditReader reader)
    {
        reader.Freeze();
        var verdicts = new List<ChainVerdict>();
        var walks = new List<(ChainVerdict Verdict, ChainWalk Walk)>();
        foreach (var chain in reader.Chains())
        {
            _seen.Add(chain.Origin);
            var signed = new List<KeptCheckpoint>();
            var fault = Gather(reader, chain, signed, out var isNotCopied);
            var walk = new ChainWalk(chain, signed);
            var verdict = walk.Walk(reader.Records(chain));
            verdict.IsNotCopied = isNotCopied;
            // a checkpoint that is none says less than a record that does not hold
            verdict.Fault ??= fault is null ? Unproved(verdict) : new ChainFault(verdict.Signed + 1, fault);
            verdicts.Add(verdict);
            walks.Add((verdict, walk));
        }

        List<(string Origin, long First, long Last)> retained = [.. walks.SelectMany(w => w.Walk.Retained)];
        var erased = walks.SelectMany(w => w.Walk.Erased).ToLookup(e => e.Origin, e => (e.Sequence, e.Values));
        var listed = reader.ListsUnknown ? reader.Unknown().ToLookup(u => u.Chain.Id, u => (u.RequestId, u.Sequence)) : null;
        var isWhole = verdicts.TrueForAll(v => v.Fault is null); // what was closed in a chain that breaks off is not known
        foreach (var (verdict, walk) in walks)
        {
            verdict.Fault ??= TakenOut(verdict.Chain, walk, retained) ?? (reader.HasPersonal ? Erased(walk, erased[verdict.Chain.Origin]) : null);
            if (listed is not null && isWhole)
                verdict.Fault ??= Hidden(verdict, walk.Unknown.Where(u => !walks.Exists(w => w.Walk.Closed.Contains(u.Intent))), listed);
            verdict.Open = walk.Open.Count(intent => !walks.Exists(w => w.Walk.Closed.Contains(intent)));
        }

        return verdicts;
    }

    /// <summary>
    /// Chains of the gateways looked at of which the second place has checkpoints, and that no store looked at so far has; of any gateway where there
    /// was nothing to look at.
    /// </summary>
    /// <param name="ofSameInstances">Those of instances that other chains were looked at of; or those of others.</param>
    public IReadOnlyList<string> Missing(bool ofSameInstances) => copies is null ? [] :
    [
        .. copies.Where(IsOurs).Select(c => c.Checkpoint.Origin).Distinct()
            .Where(o => !_seen.Contains(o) && (_seen.Count == 0 || _seen.Any(s => GatewayOf(s) == GatewayOf(o))))
            .Where(o => _seen.Any(s => InstanceOf(s) == InstanceOf(o)) == ofSameInstances),
    ];

    /// <summary>A chain's name but for what tells it from others of its instance.</summary>
    private static string InstanceOf(string origin) => origin[..(origin.LastIndexOf('/') + 1)];

    private static string GatewayOf(string origin) => origin[..(origin.IndexOf('/', StringComparison.Ordinal) + 1)];

    private bool IsOurs(SignedCheckpoint checkpoint) => keys.Any(checkpoint.IsSignedBy);

    /// <summary>The checkpoints of the store and of the second place that a key has signed.</summary>
    /// <param name="isNotCopied">Whether the second place has none of what the store has.</param>
    /// <returns>Why one of the store's is none; null where all are.</returns>
    private string? Gather(AuditReader reader, AuditChain chain, List<KeptCheckpoint> signed, out bool isNotCopied)
    {
        isNotCopied = false;
        string? fault = null;
        foreach (var stored in reader.Checkpoints(chain))
        {
            if (Checkpoint.Read(stored.Note) is { } note && note.Checkpoint.Origin == chain.Origin && note.Checkpoint.Size == stored.Size
                && IsOurs(note))
                signed.Add(new(note.Checkpoint, stored));
            else
                fault ??= $"the checkpoint over {stored.Size} records was not made with this key for this chain";
        }

        if (copies is null) return fault;
        var ours = copies.Where(c => c.Checkpoint.Origin == chain.Origin && IsOurs(c)).ToList();
        isNotCopied = ours.Count == 0 && signed.Count > 0;
        // a command knows the second place only where it is told of it
        if (isNotCopied && !CommandChain.IsOne(chain.Instance)) fault ??= "the second place has no checkpoint of this chain";
        signed.AddRange(ours.Select(static c => new KeptCheckpoint(c.Checkpoint, Beside: null)));
        return fault;
    }

    private static ChainFault? Unproved(ChainVerdict verdict) =>
        verdict.Last > 0 && verdict.Signed == 0 && !CommandChain.IsOne(verdict.Chain.Instance) ? new ChainFault(1, "there is no checkpoint that was made with this key, so nothing can be known") : null;

    /// <summary>Of what nobody knows what became has to stand where 'audit open' looks.</summary>
    private static ChainFault? Hidden(
        ChainVerdict verdict, IEnumerable<(string Intent, long SaidAt)> unknown, ILookup<long, (string Intent, long SaidAt)> listed)
    {
        var there = listed[verdict.Chain.Id].ToHashSet();
        var (hidden, at) = unknown.Where(u => !there.Contains(u)).OrderBy(u => u.SaidAt).FirstOrDefault();
        return hidden is null ? null : new ChainFault(at, $"the list of what is open was edited: it says that exchange {hidden} is unknown, which is not listed with it");
    }

    /// <summary>What is personal may be gone only where a record says so of just those values of just that record.</summary>
    private static ChainFault? Erased(ChainWalk walk, IEnumerable<(long Sequence, ulong Values)> erased)
    {
        if (walk.Lacking.Count == 0) return null;
        var said = new Dictionary<long, ulong>();
        foreach (var (sequence, values) in erased) said[sequence] = said.GetValueOrDefault(sequence) | values;
        foreach (var (at, values) in walk.Lacking)
            if ((values & ~said.GetValueOrDefault(at)) != 0)
                return new ChainFault(at, "personal values beside it were taken out, and no record says that they were erased");
        return null;
    }

    private static ChainFault? TakenOut(AuditChain chain, ChainWalk walk, List<(string Origin, long First, long Last)> retained)
    {
        foreach (var (first, last) in walk.Withdrawn)
        {
            for (var at = first; at <= last;)
            {
                var until = retained.Where(r => r.Origin == chain.Origin && r.First <= at && r.Last >= at)
                    .Select(r => r.Last).DefaultIfEmpty(0).Max();
                if (until == 0) return new ChainFault(at, "its content was taken out, and no record says that its time was over");
                at = until + 1;
            }
        }

        return null;
    }
}
