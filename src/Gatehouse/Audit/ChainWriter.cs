namespace Gatehouse.Audit;

/// <summary>
/// Puts records into a store, each with its place in the chain: its number, the hash before it and its own. After enough of them, or enough time, it
/// signs a checkpoint, in the same transaction. After anything has been thrown it is of no use any more: the store says what is true.
/// </summary>
internal sealed class ChainWriter
{
    private readonly AuditStore _store;
    private readonly AuditTrailOptions _options;
    private readonly TimeProvider _clock;
    private readonly CanonicalText _line = new(4096);
    private readonly List<byte[]> _unshipped = [];
    private readonly byte[] _head;
    private long _unsignedSince;

    public ChainWriter(AuditStore store, ChainState state, AuditTrailOptions options, TimeProvider clock)
    {
        (_store, State, _options, _clock) = (store, state, options, clock);
        _line.Raw("{"u8);
        _line.Name("v"u8);
        _line.Number(1);
        _line.Name("instance"u8);
        _line.Text(state.Chain.Instance, 128);
        _line.Name("sequence"u8);
        _head = _line.Bytes.ToArray();
        _unsignedSince = clock.GetTimestamp();
    }

    public ChainState State { get; }

    /// <summary>Whether every record is under a checkpoint, or none is ever made.</summary>
    public bool IsSigned => _options.Key is null || State.Signed == State.Last;

    /// <summary>How long until a checkpoint is due, where records wait for one.</summary>
    public TimeSpan UntilDue
    {
        get
        {
            var left = _options.CheckpointAfter - _clock.GetElapsedTime(_unsignedSince);
            return left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    public bool IsCheckpointDue => !IsSigned && UntilDue == TimeSpan.Zero;

    public void Append(AuditRecord record)
    {
        var written = RecordWriter.Write(record);
        Append(written.Body, written.Personal, record.Kind, record.Time.ToUnixTimeMilliseconds(), record.RequestId, record.Intent);
    }

    public void Append(
        ReadOnlySpan<byte> body, ReadOnlySpan<byte> personal, AuditKind kind, long time, string? requestId, string? intent)
    {
        var sequence = State.Last + 1;
        if (IsSigned) _unsignedSince = _clock.GetTimestamp();
        _line.Clear();
        _line.Raw(_head);
        _line.Number(sequence);
        _line.Name("previous"u8);
        _line.Hex(State.Previous);
        _line.Raw((byte)',');
        _line.Raw(body);
        _line.Raw((byte)'}');
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        MerkleHash.OfLeaf(_line.Bytes, hash);
        _store.Append(new RecordRow { Sequence = sequence, Time = time, Hash = hash, Line = _line.Bytes, Personal = personal });
        State.Add(hash);
        if (_options.Shipped is not null) _unshipped.Add(_line.Bytes.ToArray());
        // who closes one may do so in another chain than the one that it is unknown in
        var ends = State.Follow(kind, requestId, intent, sequence) || kind == AuditKind.Closed;
        if (intent is null) return;
        if (ends) _store.RemoveUnknown(intent);
        else if (kind == AuditKind.Unknown) _store.AddUnknown(intent, sequence);
    }

    /// <summary>Ends a run, in a transaction of its own.</summary>
    /// <returns>The note of the checkpoint, for its copies; null where there was none to make.</returns>
    public string? Stop()
    {
        _store.Begin();
        Append(AuditRecord.Stop(_clock.GetUtcNow()));
        var note = SignIfDue(now: true);
        _store.Commit();
        Ship();
        return note;
    }

    /// <summary>Gives away copies of what is durable by now.</summary>
    public void Ship()
    {
        foreach (var line in _unshipped) _options.Shipped!.Write(line);
        _unshipped.Clear();
    }

    /// <summary>Signs a checkpoint when it is time, or when it is asked for and anything is without one.</summary>
    /// <returns>The note, for its copies; null where there was none to make.</returns>
    public string? SignIfDue(bool now = false)
    {
        if (IsSigned || _options.Key is not { } key) return null;
        if (!now && State.Last - State.Signed < _options.CheckpointEvery && UntilDue > TimeSpan.Zero) return null;
        var root = new byte[MerkleHash.Length];
        State.Tree.Hash(root);
        var note = new Checkpoint(State.Chain.Origin, State.Last, root, _clock.GetUtcNow()).Sign(key);
        _store.Append(new StoredCheckpoint(State.Last, note, State.Tree.ToBytes(), State.OpenFrom));
        State.Signed = State.Last;
        return note;
    }
}
