using System.Numerics;

namespace Gatehouse.Audit;

/// <summary>
/// Walks along a chain from its first record on, as far as it holds: each record is what its hash says, follows the one before it, and stands where
/// it says; and wherever a checkpoint was signed, the tree has the root that was signed.
/// </summary>
internal sealed class ChainWalk
{
    private readonly ChainVerdict _verdict;
    private readonly Queue<KeptCheckpoint> _checkpoints;
    private readonly ChainState _state;
    private readonly List<(long First, long Last)> _withdrawn = [];
    private readonly Dictionary<string, long> _unknown = new(StringComparer.Ordinal);
    private byte[] _previous = new byte[MerkleHash.Length];
    private byte[] _before = new byte[MerkleHash.Length];
    private AuditRecord? _said;

    /// <param name="checkpoints">Those of this chain that the key has signed.</param>
    public ChainWalk(AuditChain chain, IEnumerable<KeptCheckpoint> checkpoints)
    {
        _verdict = new ChainVerdict(chain);
        _state = new ChainState(chain);
        _checkpoints = new Queue<KeptCheckpoint>(checkpoints.OrderBy(c => c.Checkpoint.Size));
    }

    /// <summary>Stretches of records whose content was taken out.</summary>
    public IReadOnlyList<(long First, long Last)> Withdrawn => _withdrawn;

    /// <summary>Stretches of records, by the origin of their chain, of which a record says that their content was taken out.</summary>
    public List<(string Origin, long First, long Last)> Retained { get; } = [];

    /// <summary>Records beside which personal values are not there whose digests they have, and which (<see cref="PersonalValues"/>).</summary>
    public List<(long Sequence, ulong Values)> Lacking { get; } = [];

    /// <summary>Records, by the origin of their chain, of which a record says that something was erased, and what.</summary>
    public List<(string Origin, long Sequence, ulong Values)> Erased { get; } = [];

    /// <summary>Intents that have no outcome and were not closed in this chain.</summary>
    public IEnumerable<string> Open => _state.Open.Keys.Concat(_state.Unknown);

    /// <summary>Intents that are unknown and were not closed in this chain, and which record says so.</summary>
    public IEnumerable<(string Intent, long SaidAt)> Unknown => _unknown.Where(u => _state.Unknown.Contains(u.Key)).Select(u => (u.Key, u.Value));

    private TreeFrontier Tree => _state.Tree;

    /// <summary>Intents that somebody has closed, be they of this chain or another.</summary>
    public HashSet<string> Closed { get; } = new(StringComparer.Ordinal);

    public ChainVerdict Walk(IEnumerable<StoredRecord> records)
    {
        StoredRecord? at = null;
        foreach (var next in records)
        {
            if (at is not null && !Step(at, next)) return _verdict;
            at = next;
        }

        if (at is not null && !Step(at, null)) return _verdict;
        if (_checkpoints.Count > 0)
            Fault(_verdict.Last + 1, $"it is not there, and neither is what follows: {_checkpoints.Max(static c => c.Checkpoint.Size)} records were signed");
        return _verdict;
    }

    private bool Step(StoredRecord stored, StoredRecord? next)
    {
        var sequence = Tree.Size + 1;
        if (stored.Sequence != sequence)
            return Fault(Math.Min(sequence, stored.Sequence), stored.Sequence > sequence ? "it is not there" : "it is there more than once");
        if (stored.Hash.Length != MerkleHash.Length) return Fault(sequence, "it was edited: what stands in the place of its hash is none");
        if (stored.Line is null) Withdraw(stored);
        else if (!Holds(stored, stored.Line, next)) return false;
        Tree.Add(stored.Hash);
        (_before, _previous) = (_previous, stored.Hash);
        _verdict.Last = sequence;
        if (!HoldsCheckpoints()) return false;
        if (_said is { } said && _verdict.Signed == sequence) Excuse(said);
        _said = null;
        return true;
    }

    private bool Holds(StoredRecord stored, byte[] line, StoredRecord? next)
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        MerkleHash.OfLeaf(line, hash);
        if (!hash.SequenceEqual(stored.Hash)) return Fault(stored.Sequence, "it was edited: it is not what its hash says");
        if (RecordReader.Read(stored) is not { } read) return Fault(stored.Sequence, "it is no record");
        var record = read.Record;
        if (record.Sequence != stored.Sequence) return Misplaced(stored, record.Sequence, read.Previous);
        if (read.Previous != Hex(_previous)) return Unlinked(stored, next);
        if (record.Instance != _verdict.Chain.Instance) return Fault(stored.Sequence, "it is of another instance");
        if (record.Time.ToUnixTimeMilliseconds() != stored.Time) return Fault(stored.Sequence, "it was edited: the time beside it is not the one that it says");
        if (stored.Sequence == 1 && DetailOf(record, AuditDetail.Origin) is { } origin && origin != _verdict.Chain.Origin)
            return Fault(1, "it begins another chain than this one says to be");
        if (!PersonalValues.Hold(stored, read, out var there)) return Fault(stored.Sequence, "a personal value beside it was edited: it is not the one that its digest is of");
        _verdict.Personal += BitOperations.PopCount(there);
        if (!stored.IsFoundByWhatItSays)
            return Fault(stored.Sequence, "what it is found by was edited: the columns beside it, or the list of subjects, are not those that it says");
        var lacking = PersonalValues.Of(read) & ~there;
        if (lacking != 0) Lacking.Add((stored.Sequence, lacking));
        _verdict.Erased += BitOperations.PopCount(lacking);
        Note(record);
        return true;
    }

    /// <summary>It says that it stands elsewhere.</summary>
    private bool Misplaced(StoredRecord stored, long says, string follows)
    {
        var at = stored.Sequence;
        if (stored.Hash.AsSpan().SequenceEqual(_previous)) return Fault(at, $"it was duplicated: it is record {says} once more");
        // what follows on the record before the last one is genuine, and the last one stands in its place
        if (says == at - 1 && follows == Hex(_before)) return Fault(says, "it was inserted: the record after it has its number, and follows on the one before");
        return Fault(at, says > at
            ? $"it was removed or reordered: record {says} stands in its place"
            : $"it was inserted, duplicated or reordered: record {says} stands in its place");
    }

    /// <summary>It does not follow on the record before it. When the next one follows on this, then not this one was changed.</summary>
    private bool Unlinked(StoredRecord stored, StoredRecord? next)
    {
        var isFollowed = next is null || (RecordReader.Read(next) is { } after && after.Previous == Hex(stored.Hash));
        return stored.Sequence > 1 && isFollowed
            ? Fault(stored.Sequence - 1, $"it was edited, or put in the place of another: record {stored.Sequence} follows on what it is not")
            : Fault(stored.Sequence, "it was edited, or put in the place of another: it does not follow on the record before it");
    }

    private void Withdraw(StoredRecord stored)
    {
        _verdict.Withdrawn++;
        if (_withdrawn is [.., var (first, last)] && last == stored.Sequence - 1) _withdrawn[^1] = (first, stored.Sequence);
        else _withdrawn.Add((stored.Sequence, stored.Sequence));
    }

    private bool HoldsCheckpoints()
    {
        if (!_checkpoints.TryPeek(out var next) || next.Checkpoint.Size > Tree.Size) return true;
        var root = new byte[MerkleHash.Length];
        Tree.Hash(root);
        while (_checkpoints.TryPeek(out next) && next.Checkpoint.Size <= Tree.Size)
        {
            _checkpoints.Dequeue();
            if (next.Checkpoint.Size == 0) continue;
            if (!next.Checkpoint.Root.AsSpan().SequenceEqual(root))
            {
                _verdict.Last = _verdict.Signed;
                return Fault(_verdict.Signed + 1, $"records {_verdict.Signed + 1} to {next.Checkpoint.Size} are not those that were signed: the chain was made anew from one of them on");
            }

            if (next.Beside is { } beside && !GoesOnFrom(beside))
                return Fault(next.Checkpoint.Size, "what a gateway goes on from, beside the checkpoint over it, was edited: it does not follow from the records");
            (_verdict.Signed, _verdict.SignedAt) = (next.Checkpoint.Size, next.Checkpoint.Time);
            _verdict.Checkpoints++;
        }

        return true;
    }

    /// <summary>Nothing signs it: it has to be what the records up to there give. To look at more intents than are open does no harm.</summary>
    private bool GoesOnFrom(StoredCheckpoint stored) =>
        stored.Frontier.AsSpan().SequenceEqual(Tree.ToBytes()) && stored.OpenFrom <= _state.OpenFrom;

    private void Note(AuditRecord record)
    {
        if (record.Kind.IsExcuse()) _said = record;
        else _state.Follow(record.Kind, record.RequestId, record.Intent, record.Sequence);
        _verdict.IsStopped = record.Kind == AuditKind.Stop;
        if (record.Kind == AuditKind.Gap) _verdict.Gaps++;
        if (record.Kind == AuditKind.Repair) _verdict.Repairs++;
        if (record is { Kind: AuditKind.Unknown, Intent: { } unknown }) _unknown.TryAdd(unknown, record.Sequence);
        if (record.Sequence == 1) _verdict.Follows = DetailOf(record, AuditDetail.Follows);
    }

    /// <summary>What it says counts, because it was signed as soon as it was said.</summary>
    private void Excuse(AuditRecord record)
    {
        _state.Follow(record.Kind, record.RequestId, record.Intent, record.Sequence);
        if (record is { Kind: AuditKind.Closed, Intent: { } closed }) Closed.Add(closed);
        if (record.Kind == AuditKind.Retention)
            Retained.Add((DetailOf(record, AuditDetail.Chain) ?? _verdict.Chain.Origin, record.First, record.Last));
        if (record.Kind == AuditKind.Erasure) NoteErasure(record);
    }

    private void NoteErasure(AuditRecord record)
    {
        var origin = DetailOf(record, AuditDetail.Chain) ?? _verdict.Chain.Origin;
        foreach (var detail in record.Details)
        {
            if (detail.Name != AuditDetail.Erased) continue;
            foreach (var entry in detail.Value.Split(','))
                if (ErasedValues.TryParse(entry, out var sequence, out var values)) Erased.Add((origin, sequence, values));
        }
    }

    private bool Fault(long sequence, string what)
    {
        _verdict.Fault = new ChainFault(sequence, what);
        return false;
    }

    private static string? DetailOf(AuditRecord record, string name) => record.Details.FirstOrDefault(d => d.Name == name)?.Value;

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}

/// <summary>A checkpoint that a key has signed.</summary>
/// <param name="Beside">What is kept with it in the store and nothing signs; null for one of the second place.</param>
internal readonly record struct KeptCheckpoint(Checkpoint Checkpoint, StoredCheckpoint? Beside);
