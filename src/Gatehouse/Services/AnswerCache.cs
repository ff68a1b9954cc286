using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Services;

/// <summary>SHA-256 of everything that an answer depends on: what was asked is not kept.</summary>
internal readonly record struct Digest(UInt128 First, UInt128 Second)
{
    public static Digest Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return From(hash);
    }

    /// <summary>Of the text's UTF-8.</summary>
    public static Digest Of(string text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            return Of(buffer.AsSpan(0, Encoding.UTF8.GetBytes(text, buffer)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true); // it may have been a token
        }
    }

    private static Digest From(ReadOnlySpan<byte> hash) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

    public override string ToString() => "a digest";
}

/// <summary>
/// Answers that may be used again until they end. Bounded: when it is full, those that have ended are dropped, at most once a second; what then still
/// finds no place is asked for again next time.
/// </summary>
internal sealed class AnswerCache<T>(TimeProvider clock, int most = 10_000)
{
    private readonly ConcurrentDictionary<Digest, (T Answer, long Ends)> _answers = new();
    private long _sweptAt = long.MinValue;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public bool TryGet(Digest key, out T answer)
    {
        var found = _answers.TryGetValue(key, out var held);
        answer = held.Answer;
        return found && clock.GetTimestamp() < held.Ends;
    }

    /// <param name="life">How long it may be used; nothing is kept when that is nothing.</param>
    public void Put(Digest key, T answer, TimeSpan life)
    {
        if (life <= TimeSpan.Zero) return;
        var held = (answer, clock.GetTimestamp() + (long)(life.TotalSeconds * clock.TimestampFrequency));
        if (_answers.TryGetValue(key, out var old) && _answers.TryUpdate(key, held, old)) return;
        if (!HasPlace()) return;
        if (!_answers.TryAdd(key, held)) Interlocked.Decrement(ref _count);
    }

    private bool HasPlace()
    {
        if (Interlocked.Increment(ref _count) <= most) return true;
        Interlocked.Decrement(ref _count);
        Sweep();
        if (Interlocked.Increment(ref _count) <= most) return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    private void Sweep()
    {
        var now = clock.GetTimestamp();
        var last = Volatile.Read(ref _sweptAt);
        if (last != long.MinValue && now - last < clock.TimestampFrequency) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, last) != last) return;
        foreach (var entry in _answers)
            if (entry.Value.Ends <= now && _answers.TryRemove(entry)) Interlocked.Decrement(ref _count);
    }
}
