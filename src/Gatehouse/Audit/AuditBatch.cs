namespace Gatehouse.Audit;

/// <summary>
/// Records that wait to be written together, their bytes in one buffer. Who waits for one of them waits for the whole, so that waiting costs one
/// object a batch. Not for several threads at once: the trail guards it.
/// </summary>
internal sealed class AuditBatch(int capacity)
{
    private const int Smallest = 64 * 1024;

    private byte[] _bytes = new byte[Math.Min(capacity, Smallest)];
    private Entry[] _entries = new Entry[64];
    private int _length;
    private TaskCompletionSource<bool>? _written;
    private volatile bool _abandoned;

    public int Count { get; private set; }

    /// <summary>The clock's timestamp when the first of those began to wait; meaningless while nobody does.</summary>
    public long WaitedSince { get; private set; }

    public bool HasWaiters => _written is not null;

    /// <summary>Whether those who waited have been told that it was not written: their records must not be.</summary>
    public bool IsAbandoned
    {
        get => _abandoned;
        private set => _abandoned = value;
    }

    /// <summary>Whether somebody waits for longer than that who has not been told yet.</summary>
    public bool HasWaitedTooLong(TimeProvider clock, TimeSpan within) =>
        HasWaiters && !IsAbandoned && clock.GetElapsedTime(WaitedSince) > within;

    /// <summary>Bytes that it has room for.</summary>
    public int Free => capacity - _length;

    /// <summary>Whether half of the room is taken.</summary>
    public bool IsHalfFull => _length > capacity / 2;

    public ReadOnlySpan<Entry> Entries => _entries.AsSpan(0, Count);

    public ReadOnlySpan<byte> Body(in Entry entry) => _bytes.AsSpan(entry.At, entry.BodyLength);

    public ReadOnlySpan<byte> Personal(in Entry entry) => _bytes.AsSpan(entry.At + entry.BodyLength, entry.PersonalLength);

    /// <summary>Takes a record, or does not where there is no room.</summary>
    /// <param name="kept">Bytes of the room that are kept for others.</param>
    public bool TryAdd(AuditRecord record, RecordWriter written, bool isWaitedFor, long kept = 0)
    {
        var more = written.Body.Length + written.Personal.Length;
        if (_length + more > capacity - kept) return false;
        if (_length + more > _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(capacity, Math.Max(2L * _bytes.Length, _length + more)));
        if (Count == _entries.Length) Array.Resize(ref _entries, 2 * Count);
        _entries[Count++] = new Entry(
            _length, written.Body.Length, written.Personal.Length, record.Kind, record.Time.ToUnixTimeMilliseconds(), record.RequestId, record.Intent,
            isWaitedFor);
        written.Body.CopyTo(_bytes.AsSpan(_length));
        written.Personal.CopyTo(_bytes.AsSpan(_length + written.Body.Length));
        _length += more;
        return true;
    }

    /// <summary>Says, when it is over, whether the records of this batch that are waited for became durable.</summary>
    public Task<bool> Written(long now)
    {
        if (_written is null)
        {
            WaitedSince = now;
            _written = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return _written.Task;
    }

    /// <summary>Who waits is to be told that it was not written, and then must not be written if that can still be helped.</summary>
    /// <returns>Whom to tell; null for nobody.</returns>
    public TaskCompletionSource<bool>? Abandon()
    {
        IsAbandoned = true;
        return _written;
    }

    /// <summary>How many of the first records have room in so many bytes: one at least, where there is any.</summary>
    public int Portion(int bytes)
    {
        var count = 0;
        foreach (var entry in Entries)
        {
            if (count > 0 && entry.At + entry.BodyLength + entry.PersonalLength > bytes) break;
            count++;
        }

        return count;
    }

    /// <summary>Takes the first so many records out, which are written; who waits does so for the rest.</summary>
    public void Drop(int count)
    {
        if (count == 0) return;
        var from = count == Count ? _length : _entries[count].At;
        var kept = Count - count;
        _bytes.AsSpan(from, _length - from).CopyTo(_bytes);
        for (var i = 0; i < kept; i++) _entries[i] = _entries[count + i] with { At = _entries[count + i].At - from };
        _entries.AsSpan(kept, count).Clear();
        (Count, _length) = (kept, _length - from);
    }

    /// <summary>Leaves only the records that nobody waits for; the others give back their room.</summary>
    /// <returns>Whom to tell; null for nobody.</returns>
    public TaskCompletionSource<bool>? KeepPosted()
    {
        var kept = 0;
        var length = 0;
        foreach (var entry in Entries)
        {
            if (entry.IsWaitedFor) continue;
            var size = entry.BodyLength + entry.PersonalLength;
            _bytes.AsSpan(entry.At, size).CopyTo(_bytes.AsSpan(length));
            _entries[kept++] = entry with { At = length };
            length += size;
        }

        _entries.AsSpan(kept, Count - kept).Clear();
        (Count, _length) = (kept, length);
        return TakeWaiters();
    }

    /// <summary>Empties it.</summary>
    /// <param name="written">Whether it was written.</param>
    /// <returns>
    /// Whom to tell, null for nobody; and what: of a batch that was given up meanwhile, that it was not written, because what was waited for may have
    /// been left out.
    /// </returns>
    public (TaskCompletionSource<bool>? Waiters, bool Written) Clear(bool written)
    {
        _entries.AsSpan(0, Count).Clear();
        Count = _length = 0;
        var holds = written && !IsAbandoned;
        return (TakeWaiters(), holds);
    }

    private TaskCompletionSource<bool>? TakeWaiters()
    {
        var waiters = _written;
        _written = null;
        IsAbandoned = false;
        return waiters;
    }

    /// <param name="At">Where its bytes begin: the body, then what is personal.</param>
    public readonly record struct Entry(
        int At, int BodyLength, int PersonalLength, AuditKind Kind, long Time, string? RequestId, string? Intent, bool IsWaitedFor);
}
