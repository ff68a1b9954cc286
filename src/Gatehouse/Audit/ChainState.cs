namespace Gatehouse.Audit;

/// <summary>Where a chain has got to: what it takes to write the next record.</summary>
internal sealed class ChainState(AuditChain chain)
{
    /// <summary>Open intents that are remembered one by one: more are not under way at once.</summary>
    private const int MostOpen = 100_000;

    private readonly Dictionary<string, long> _open = new(StringComparer.Ordinal);
    private long _openBeyond = long.MaxValue;

    public AuditChain Chain { get; } = chain;

    public TreeFrontier Tree { get; set; } = new();

    /// <summary>The hash of the last record; zeros before the first.</summary>
    public byte[] Previous { get; } = new byte[MerkleHash.Length];

    /// <summary>Intents that are unknown and not closed.</summary>
    public HashSet<string> Unknown { get; } = new(StringComparer.Ordinal);

    /// <summary>The last record's number; 0 before the first.</summary>
    public long Last => Tree.Size;

    /// <summary>Records at the newest checkpoint.</summary>
    public long Signed { get; set; }

    public IReadOnlyDictionary<string, long> Open => _open;

    /// <summary>The first intent without an outcome, or the next record's number.</summary>
    public long OpenFrom
    {
        get
        {
            var first = Math.Min(_openBeyond, Last + 1);
            foreach (var (_, sequence) in _open) first = Math.Min(first, sequence);
            return first;
        }
    }

    public void Add(ReadOnlySpan<byte> hash)
    {
        Tree.Add(hash);
        hash.CopyTo(Previous);
    }

    /// <summary>Follows what is under way.</summary>
    /// <returns>Whether the record is the end of an intent that was known to be unknown.</returns>
    public bool Follow(AuditKind kind, string? requestId, string? intent, long sequence)
    {
        if (kind == AuditKind.Intent && requestId is not null)
        {
            if (_open.Count < MostOpen) _open[requestId] = sequence;
            else _openBeyond = Math.Min(_openBeyond, sequence);
        }

        if (intent is null || kind is not (AuditKind.Outcome or AuditKind.Unknown or AuditKind.Closed)) return false;
        _open.Remove(intent);
        if (kind != AuditKind.Unknown) return Unknown.Remove(intent);
        Unknown.Add(intent);
        return false;
    }
}
