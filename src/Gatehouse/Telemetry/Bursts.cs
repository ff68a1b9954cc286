using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Gatehouse.Telemetry;

/// <summary>
/// Counts something of many by whom it was done, and says when one of them has done it often: a table of one fixed size, whoever and however many do
/// it. A newcomer takes the place of the one in its row that was quiet longest. After a burst was told, its one is left alone for a while, and what
/// comes meanwhile is said with the next.
/// </summary>
internal sealed class Bursts
{
    /// <summary>Places of a table unless a test says otherwise.</summary>
    public const int Usual = 8 * 1024;

    private const int Row = 8;
    private const int Gates = 64;
    private const int Bits = 64;

    private readonly ulong _seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)); // nobody can aim at another's row
    private readonly Lock[] _gates = new Lock[Gates];
    private readonly Place[] _places;
    private readonly int _threshold;
    private readonly bool _distinct;
    private readonly long _every;
    private readonly long _quiet;

    /// <param name="threshold">So many within the time are a burst.</param>
    /// <param name="distinct">Whether different ones are counted, at most 64 or so: that is near enough.</param>
    /// <param name="places">A multiple of 8.</param>
    public Bursts(int threshold, TimeSpan every, TimeSpan quiet, long ticksPerSecond, bool distinct = false, int places = Usual)
    {
        (_threshold, _distinct) = (threshold, distinct);
        (_every, _quiet) = (Ticks(every), Ticks(quiet));
        _places = new Place[places];
        for (var i = 0; i < Gates; i++) _gates[i] = new Lock();

        long Ticks(TimeSpan time) => (long)(time.TotalSeconds * ticksPerSecond);
    }

    /// <summary>Counts one more. True when it makes a burst that is to be told.</summary>
    /// <param name="what">What it was done to, where different ones are counted.</param>
    public bool Add(ulong whose, long now, ulong what, out Burst burst)
    {
        burst = default;
        var tag = Mixed(whose ^ _seed) | 1; // 0 is an empty place
        var row = (int)((tag >> 32) % (ulong)(_places.Length / Row));
        lock (_gates[row % Gates])
        {
            ref var place = ref Find(_places.AsSpan(row * Row, Row), tag);
            if (place.Tag != tag) place = new Place { Tag = tag, Since = now, ToldAt = long.MinValue };
            if (now - place.Since > _every) (place.Since, place.Count, place.Seen) = (now, 0, 0);
            place.Last = now;
            place.Count++;
            place.Seen |= 1UL << (int)(Mixed(what) % Bits);
            var different = _distinct ? Different(place.Seen) : 0;
            if ((_distinct ? different : place.Count) < _threshold) return false;
            if (place.ToldAt != long.MinValue && now - place.ToldAt < _quiet)
            {
                place.Suppressed++;
                return false;
            }

            burst = new Burst(place.Count, different, place.Suppressed);
            (place.ToldAt, place.Suppressed) = (now, 0);
            return true;
        }
    }

    /// <summary>How many different ones have set these bits (linear counting).</summary>
    private static int Different(ulong seen)
    {
        var empty = Bits - BitOperations.PopCount(seen);
        return empty == 0 ? Bits * 4 : (int)Math.Round(-Bits * Math.Log((double)empty / Bits));
    }

    private static ref Place Find(Span<Place> row, ulong tag)
    {
        var next = 0;
        for (var i = 0; i < row.Length; i++)
        {
            if (row[i].Tag == tag) return ref row[i];
            if (row[i].Tag == 0 || (row[next].Tag != 0 && row[i].Last < row[next].Last)) next = i;
        }

        return ref row[next];
    }

    /// <summary>The finaliser of splitmix64.</summary>
    private static ulong Mixed(ulong key)
    {
        key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9;
        key = (key ^ (key >> 27)) * 0x94d049bb133111eb;
        return key ^ (key >> 31);
    }

    private struct Place
    {
        public ulong Tag;
        public long Since;
        public long Last;
        public long ToldAt;
        public ulong Seen;
        public int Count;
        public int Suppressed;
    }
}

/// <param name="Count">How many there were within the time.</param>
/// <param name="Different">How many different ones, about; 0 where that is not counted.</param>
/// <param name="Suppressed">How many came since the last one that was told, and were not told.</param>
internal readonly record struct Burst(int Count, int Different, int Suppressed);
