using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Gatehouse.Policies.Throttle;

/// <summary>
/// Who has failed lately, and how often: a table of one fixed size, whoever and however many fail. Each place holds one time, by the generic cell
/// rate algorithm: when all that was used will have come back. Where all places of a row are taken, the one nearest to coming back is given to the
/// newcomer with its time, so that forgetting makes it stricter for the newcomer; who was forgotten begins anew. Nothing is held until somebody
/// fails, and while nobody is in it a look costs one comparison.
/// </summary>
internal sealed class FailureTable
{
    /// <summary>Places of a table unless a test says otherwise: 16 bytes each.</summary>
    public const int Usual = 64 * 1024;

    private const int Row = 8;
    private const int Gates = 64;
    private const ulong Told = 1;

    private readonly ulong _seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)); // nobody can aim at another's row
    private readonly long _interval;
    private readonly long _window;
    private readonly int _rows;
    private readonly Lock[] _gates = new Lock[Gates];
    private Place[]? _places;
    private long _quietFrom = long.MinValue;

    /// <param name="allow">Failures at once, and in every window.</param>
    /// <param name="places">A power of two, at least 64.</param>
    public FailureTable(int allow, TimeSpan every, long ticksPerSecond, int places = Usual)
    {
        var ticks = (Int128)every.Ticks * ticksPerSecond / TimeSpan.TicksPerSecond;
        _interval = (long)((ticks + allow - 1) / allow);
        _window = _interval * allow;
        _rows = places / Row;
        for (var i = 0; i < Gates; i++) _gates[i] = new Lock();
    }

    /// <summary>Bytes of the places: the same, whoever fails.</summary>
    public long Bytes => Volatile.Read(ref _places) is { } places ? places.LongLength * 16 : 0;

    /// <summary>Whether nobody's failures are remembered any more.</summary>
    public bool IsQuiet(long now) => now >= Volatile.Read(ref _quietFrom);

    /// <summary>
    /// Asks for one attempt. Who has not failed is free to; who has takes it out of what is left, so that attempts that run at once count too.
    /// </summary>
    /// <param name="wait">Ticks until another attempt can be allowed, when this one is refused.</param>
    public Attempt Ask(ulong key, long now, out long wait)
    {
        wait = 0;
        if (IsQuiet(now)) return Attempt.Free;
        var tag = TagOf(key);
        lock (GateOf(tag))
        {
            ref var place = ref Find(RowOf(tag), tag, now, out var found);
            if (!found) return Attempt.Free;
            wait = place.Time + _interval - _window - now;
            if (wait > 0) return Attempt.Refused;
            place.Time += _interval;
            return Attempt.Taken;
        }
    }

    /// <summary>Whether somebody has failed too often; nothing is counted.</summary>
    /// <param name="wait">Ticks until they have not any more.</param>
    public bool IsOver(ulong key, long now, out long wait)
    {
        wait = 0;
        if (IsQuiet(now)) return false;
        var tag = TagOf(key);
        lock (GateOf(tag))
        {
            ref var place = ref Find(RowOf(tag), tag, now, out var found);
            if (found) wait = Math.Max(0, place.Time + _interval - _window - now);
        }

        return wait > 0;
    }

    /// <summary>Gives an attempt back that <see cref="Ask"/> took: it was no failure.</summary>
    public void GiveBack(ulong key, long now)
    {
        var tag = TagOf(key);
        lock (GateOf(tag))
        {
            ref var place = ref Find(RowOf(tag), tag, now, out var found);
            if (found) place.Time -= _interval;
        }
    }

    /// <summary>Counts a failure, unless it was taken already. True once for who is over the limit by it, until its failures are forgotten.</summary>
    /// <param name="taken">Whether <see cref="Ask"/> has counted it.</param>
    public bool Add(ulong key, long now, bool taken = false)
    {
        var tag = TagOf(key);
        lock (GateOf(tag))
        {
            ref var place = ref Find(RowOf(tag), tag, now, out var found);
            if (!found)
            {
                place.Tag = tag;
                place.Time = Math.Max(place.Time, now) + _interval;
            }
            else if (!taken)
            {
                place.Time += _interval;
            }

            place.Time = Math.Min(place.Time, now + (2 * _window)); // what ran at once must not lock anybody out for long
            BeLoudUntil(place.Time);
            if (place.Time + _interval - now <= _window || (place.Tag & Told) != 0) return false;
            place.Tag |= Told;
            return true;
        }
    }

    private ulong TagOf(ulong key)
    {
        var mixed = key ^ _seed; // splitmix64's finaliser
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return (mixed ^ (mixed >> 31)) & ~Told;
    }

    private int RowIndex(ulong tag) => (int)((tag >> 32) % (ulong)_rows);

    private Lock GateOf(ulong tag) => _gates[RowIndex(tag) % Gates];

    private Span<Place> RowOf(ulong tag)
    {
        var places = Volatile.Read(ref _places) ?? Make();
        return places.AsSpan(RowIndex(tag) * Row, Row);
    }

    private Place[] Make()
    {
        var made = new Place[_rows * Row];
        Array.Fill(made, new Place { Time = long.MinValue });
        return Interlocked.CompareExchange(ref _places, made, null) ?? made;
    }

    /// <summary>The place of this tag; otherwise the one that is given to whoever comes next.</summary>
    private static ref Place Find(Span<Place> row, ulong tag, long now, out bool found)
    {
        var next = 0;
        for (var i = 0; i < row.Length; i++)
        {
            if ((row[i].Tag & ~Told) == tag && row[i].Time > now)
            {
                found = true;
                return ref row[i];
            }

            if (row[i].Time < row[next].Time) next = i;
        }

        found = false;
        return ref row[next];
    }

    private void BeLoudUntil(long time)
    {
        long seen;
        while ((seen = Volatile.Read(ref _quietFrom)) < time && Interlocked.CompareExchange(ref _quietFrom, time, seen) != seen)
        {
        }
    }

    private struct Place
    {
        /// <summary>Of whom; the lowest bit says whether somebody was told.</summary>
        public ulong Tag;

        /// <summary>When all failures will have come back.</summary>
        public long Time;
    }
}

/// <summary>What becomes of somebody's next attempt.</summary>
internal enum Attempt
{
    /// <summary>Nobody knows anything against it; nothing was counted.</summary>
    Free,

    /// <summary>It is counted, until it is given back.</summary>
    Taken,

    Refused,
}
