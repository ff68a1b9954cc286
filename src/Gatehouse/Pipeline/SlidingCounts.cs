namespace Gatehouse.Pipeline;

/// <summary>
/// Counts of the last while: how many there were, and how many of them were of the kind that matters. The window moves in tenths of its length, so
/// that a count is forgotten between nine tenths of it and the whole after it was made. Bounded, and safe for many threads.
/// </summary>
internal sealed class SlidingCounts(TimeProvider clock, TimeSpan window)
{
    private const int Slices = 10;

    private readonly Lock _gate = new();
    private readonly long _sliceTicks = Math.Max(1, (long)(window.TotalSeconds * clock.TimestampFrequency / Slices));
    private readonly (int All, int Some)[] _slices = new (int, int)[Slices];
    private long _slice;
    private int _all;
    private int _some;

    /// <summary>Counts, and says what there is then.</summary>
    public (int All, int Some) Add(int all, int some)
    {
        lock (_gate)
        {
            Count(all, some);
            return (_all, _some);
        }
    }

    /// <summary>Counts one more of those that matter, unless there would then be more than so many and so large a share of all.</summary>
    public bool TryAddSome(int always, double share)
    {
        lock (_gate)
        {
            Move();
            if (_some + 1 > always + (_all * share)) return false;
            Count(0, 1);
            return true;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            Array.Clear(_slices);
            (_all, _some) = (0, 0);
        }
    }

    private void Count(int all, int some)
    {
        Move();
        ref var slice = ref _slices[_slice % Slices];
        slice = (slice.All + all, slice.Some + some);
        _all += all;
        _some += some;
    }

    private void Move()
    {
        var now = clock.GetTimestamp() / _sliceTicks;
        if (now - _slice >= Slices)
        {
            Array.Clear(_slices);
            (_all, _some) = (0, 0);
            _slice = now;
        }

        while (_slice < now)
        {
            _slice++;
            ref var oldest = ref _slices[_slice % Slices];
            _all -= oldest.All;
            _some -= oldest.Some;
            oldest = default;
        }
    }
}
