namespace Gatehouse.Policies.Limits;

/// <summary>What a limit says about one caller after it was asked. All times in ticks of the monotonic clock.</summary>
/// <param name="Charged">The cell's new time, to give the call back; 0 when the call is refused.</param>
/// <param name="Remaining">Calls, or units of cost, that would still be allowed now.</param>
/// <param name="Whole">Until nothing is used any more.</param>
/// <param name="Retry">Until the next call (of the same cost) can be allowed; 0 when one is allowed now.</param>
internal readonly record struct Answer(long Charged, long Remaining, long Whole, long Retry)
{
    public bool Refused => Charged == 0;
}

/// <summary>
/// The arithmetic of the generic cell rate algorithm (ITU-T I.371, virtual scheduling). A cell holds one time: when all that was used will have
/// come back. A call moves it on by one interval, times its cost; it is allowed while the cell is at most a window ahead of now. So a full window
/// passes at once, then one call for each interval. The interval is rounded up to a whole tick: a limit is never looser than written, and stricter
/// by less than a tick a call.
/// </summary>
internal readonly struct Rate
{
    private readonly long _interval;
    private readonly long _charge;
    private readonly long _window;

    /// <param name="cost">What one call takes of <paramref name="allow"/>.</param>
    public Rate(int allow, TimeSpan every, long ticksPerSecond, int cost = 1)
    {
        var ticks = (Int128)every.Ticks * ticksPerSecond / TimeSpan.TicksPerSecond;
        _interval = (long)((ticks + allow - 1) / allow);
        _charge = _interval * cost;
        _window = _interval * allow;
    }

    /// <summary>
    /// Charges one call, or refuses it and leaves the cell as it is. Exact under concurrency: of two callers one sees the other's charge.
    /// </summary>
    public bool TryCharge(Cell cell, long now, out Answer answer)
    {
        while (true)
        {
            var held = cell.Time;
            if (held == Cell.Gone)
            {
                answer = default;
                return false;
            }

            var next = Math.Max(held, now) + _charge;
            if (next - now > _window)
            {
                answer = Refusal(held, now);
                return true;
            }

            if (!cell.Replace(held, next)) continue;
            answer = Describe(next, now);
            return true;
        }
    }

    /// <summary>What the limit would say, without charging anything.</summary>
    public Answer Look(long held, long now)
    {
        var next = Math.Max(held, now) + _charge;
        return next - now > _window ? Refusal(held, now) : Describe(Math.Max(held, now), now);
    }

    /// <summary>
    /// Takes a charge back, because another limit refused the call. Not once the time has passed it by: then it came back by itself, and to take it
    /// back again would allow a call too many.
    /// </summary>
    public void GiveBack(Cell cell, long charged, TimeProvider clock)
    {
        while (true)
        {
            var held = cell.Time;
            if (held == Cell.Gone || clock.GetTimestamp() >= charged || cell.Replace(held, held - _charge)) return;
        }
    }

    private Answer Describe(long held, long now)
    {
        var used = held - now;
        var remaining = (_window - used) / _interval;
        return new Answer(held, remaining, used, Math.Max(0, used + _charge - _window));
    }

    private Answer Refusal(long held, long now) =>
        new(0, Math.Max(0, (_window - (held - now)) / _interval), held - now, held - now + _charge - _window);
}
