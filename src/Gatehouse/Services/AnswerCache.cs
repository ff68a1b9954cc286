using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
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
/// Answers that may be used again until they end. Bounded: once it is full, a new answer takes the place of one that has ended, or that was not used
/// since the hand came by last (CLOCK). It is let in at once, because to turn it away costs a question each time. To find one takes no lock and
/// allocates nothing.
/// </summary>
internal sealed class AnswerCache<T>(TimeProvider clock, int most = 10_000)
{
    private readonly ConcurrentDictionary<Digest, Held> _answers = new();
    private readonly List<Held> _ring = [];
    private readonly Lock _gate = new();
    private int _hand;

    public int Count => _answers.Count;

    public bool TryGet(Digest key, [MaybeNullWhen(false)] out T answer)
    {
        answer = default;
        if (!_answers.TryGetValue(key, out var held) || clock.GetTimestamp() >= held.Ends) return false;
        if (!held.IsUsed) held.IsUsed = true; // to write it each time would have the processors fight for it
        answer = held.Answer;
        return true;
    }

    /// <summary>Keeps an answer, unless one is there that was asked for later.</summary>
    /// <param name="askedAt">The clock's timestamp before the question was sent: its life counts from there.</param>
    /// <param name="life">How long it may be used; nothing is kept when nothing of it is left.</param>
    public void Put(Digest key, T answer, long askedAt, TimeSpan life)
    {
        var now = clock.GetTimestamp();
        var ends = askedAt + (long)(life.TotalSeconds * clock.TimestampFrequency);
        if (ends <= now) return;
        lock (_gate)
        {
            if (_answers.TryGetValue(key, out var old))
            {
                if (old.AskedAt <= askedAt) Take(old.Place, new Held(key, answer, askedAt, ends, old.Place) { IsUsed = true });
                return;
            }

            var place = _ring.Count < most ? _ring.Count : NextPlace(now);
            Take(place, new Held(key, answer, askedAt, ends, place));
        }
    }

    private void Take(int place, Held held)
    {
        if (place == _ring.Count)
        {
            _ring.Add(held);
        }
        else
        {
            if (_ring[place].Key != held.Key) _answers.TryRemove(_ring[place].Key, out _);
            _ring[place] = held;
        }

        _answers[held.Key] = held;
    }

    /// <summary>The place whose answer goes. The hand goes round once at most: what is used meanwhile does not hold it up.</summary>
    private int NextPlace(long now)
    {
        for (var i = 0; i < _ring.Count && _ring[_hand] is { IsUsed: true } held && held.Ends > now; i++)
        {
            held.IsUsed = false;
            _hand = (_hand + 1) % _ring.Count;
        }

        var place = _hand;
        _hand = (_hand + 1) % _ring.Count;
        return place;
    }

    private sealed class Held(Digest key, T answer, long askedAt, long ends, int place)
    {
        public Digest Key { get; } = key;

        public T Answer { get; } = answer;

        public long AskedAt { get; } = askedAt;

        public long Ends { get; } = ends;

        /// <summary>Where it stands in the ring.</summary>
        public int Place { get; } = place;

        /// <summary>Whether somebody used it since it was looked at last. Written without a lock: it only decides who goes first.</summary>
        public bool IsUsed { get; set; }
    }
}
