namespace Gatehouse.Policies.Limits;

/// <summary>
/// One caller's cell of a limit that instances share, as far as this instance knows it: what the store last said of it, what is leased from it, and
/// what this instance has allowed alone while the store was lost. All times in ticks of the monotonic clock.
/// </summary>
/// <param name="key">The cell's key in the store.</param>
internal sealed class SharedCell(byte[] key)
{
    private const long Never = long.MinValue / 2; // a difference to any time is a number still

    private readonly Lock _gate = new();
    private long _known = Never;
    private int _leased;
    private int _refilling;
    private long _alone = Never;
    private long _lossSeen = -1;
    private int _owed;
    private bool _owes;
    private int _queued;
    private bool _gone;

    public byte[] Key { get; } = key;

    /// <summary>When all that is known to be used, by whatever instance, will have come back. What others have used since is not in it.</summary>
    public long Known => Volatile.Read(ref _known);

    /// <summary>Calls that are charged in the store already and that this instance may still allow.</summary>
    public int Leased => Volatile.Read(ref _leased);

    /// <summary>Takes calls from the lease, all or none.</summary>
    public bool TryTake(int cost)
    {
        while (true)
        {
            var held = Volatile.Read(ref _leased);
            if (held < cost) return false;
            if (Interlocked.CompareExchange(ref _leased, held - cost, held) == held) return true;
        }
    }

    /// <summary>Adds to the lease what the store has granted, or what a call gives back; never more than <paramref name="most"/> are held.</summary>
    public void Put(long calls, int most)
    {
        while (calls > 0)
        {
            var held = Volatile.Read(ref _leased);
            var next = (int)Math.Min(most, held + calls);
            if (next <= held || Interlocked.CompareExchange(ref _leased, next, held) == held) return;
        }
    }

    /// <summary>Whether the caller of this may ask for a lease: one asks at a time, so that no more is ever held than one asks for.</summary>
    public bool TryBeginRefill() => Volatile.Read(ref _refilling) == 0 && Interlocked.Exchange(ref _refilling, 1) == 0;

    public void EndRefill() => Volatile.Write(ref _refilling, 0);

    /// <summary>Takes notice of what the store said; answers may overtake each other, and what was used is not unused by an older one.</summary>
    public void Learn(long known)
    {
        while (true)
        {
            var held = Volatile.Read(ref _known);
            if (known <= held || Interlocked.CompareExchange(ref _known, known, held) == held) return;
        }
    }

    /// <summary>
    /// Allows calls without the store, or refuses them. With each loss of the store this begins with the share of the window that is known to be
    /// used; calls that cost more than this instance may allow at once pass when nothing of it is used.
    /// </summary>
    /// <param name="loss">Which loss of the store it is.</param>
    /// <param name="begins">Whether the store has to be told of this cell, and was not going to be.</param>
    /// <returns>Null when the cell was swept away: then it is to be asked for again.</returns>
    public Answer? Alone(int cost, long now, long loss, AloneRate rate, out bool begins)
    {
        begins = false;
        lock (_gate)
        {
            if (_gone) return null;
            if (_lossSeen != loss)
            {
                _lossSeen = loss;
                if (Known > now) _alone = Math.Max(_alone, now + rate.ShareOf(Known - now));
            }

            var used = Math.Max(0, _alone - now);
            var next = used + cost * rate.Interval;
            if (next > rate.Window && used > 0) return new Answer(0, 0, used, Math.Min(used, next - rate.Window));
            _alone = now + next;
            _owed += cost;
            (begins, _owes) = (!_owes, true);
            return new Answer(_alone, Math.Max(0, rate.Window - next) / rate.Interval, next, Math.Max(0, next + rate.Interval - rate.Window));
        }
    }

    /// <summary>Takes back what was allowed alone, because another limit refused the call.</summary>
    public void GiveBackAlone(int cost, AloneRate rate)
    {
        lock (_gate)
        {
            if (_owed < cost) return; // the store was told in between: it is charged there
            _owed -= cost;
            _alone -= cost * rate.Interval;
        }
    }

    /// <summary>
    /// Takes what was allowed alone and has not come back yet, to tell the store of it; it is to be restored when the store does not hear it.
    /// </summary>
    public (int Calls, long Ticks) TakeOwed(long now, AloneRate rate)
    {
        if (!Volatile.Read(ref _owes)) return default;
        lock (_gate)
        {
            _owes = false;
            var calls = _owed;
            _owed = 0;
            return (calls, Math.Clamp(_alone - now, 0, calls * rate.Interval) / rate.Instances);
        }
    }

    /// <returns>Whether the store has to be told of this cell, and was not going to be.</returns>
    public bool RestoreOwed(int calls)
    {
        if (calls == 0) return false;
        lock (_gate)
        {
            _owed += calls;
            var begins = !_owes;
            _owes = true;
            return begins;
        }
    }

    /// <summary>Whether its caller may put it among those that wait to be told of: each waits once, however often it owes anew meanwhile.</summary>
    public bool TryQueue() => Interlocked.Exchange(ref _queued, 1) == 0;

    /// <summary>It waits no more. Whether there is anything to tell of it: a call may have told it, and what is gone has all come back.</summary>
    public bool Unqueue()
    {
        Interlocked.Exchange(ref _queued, 0); // first, and seen by all: whoever owes from here on puts it there again
        return Volatile.Read(ref _owes) && !Volatile.Read(ref _gone);
    }

    /// <summary>Takes the cell out of use when nothing of it is used any more; what is left of its lease is lost, which is stricter.</summary>
    public bool TryRetire(long now)
    {
        lock (_gate)
        {
            if (_gone || Known > now || _alone > now || Volatile.Read(ref _refilling) != 0) return false;
            return _gone = true;
        }
    }
}

/// <summary>
/// What one of several instances allows of a limit when it cannot know what the others do: its share of the calls, at least one, at its share
/// of the rate. All times in ticks.
/// </summary>
/// <param name="Interval">The time in which one call comes back: as many times longer as there are instances.</param>
/// <param name="Window">That of all calls that are allowed at once.</param>
/// <param name="Shared">The window of the whole limit.</param>
internal readonly record struct AloneRate(long Interval, long Window, long Shared, int Instances)
{
    public static AloneRate Of(long interval, long window, int allow, int instances) =>
        new(interval * instances, interval * instances * Math.Max(1, allow / instances), window, instances);

    /// <summary>As much of this instance's window as <paramref name="used"/> is of the whole limit's.</summary>
    public long ShareOf(long used) => used >= Shared ? Window : (long)((Int128)used * Window / Shared);
}
