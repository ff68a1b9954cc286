using System.Runtime.CompilerServices;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// One caller's use of a sliding window: how much was used in each of its 32 parts and in the one that has begun. A call counts from when it is
/// made until its whole part is a window old: never for less than a window, and for at most a thirty-second of it longer. So no window, wherever it
/// begins, holds more than the limit allows, and nobody is refused whom a log of all calls would allow in a window that is longer by a thirty-
/// second.
/// </summary>
internal sealed class SlidingCell : Cell
{
    /// <summary>Parts of a window.</summary>
    public const int Parts = 32;

    private const int Slots = Parts + 1;

    private readonly Lock _gate = new();
    private Uses _uses;
    private long _newest = long.MinValue;
    private int _used;

    /// <summary>The length of a part, rounded up to a whole tick.</summary>
    public static long WidthOf(TimeSpan every, long ticksPerSecond) =>
        (long)((((Int128)every.Ticks * ticksPerSecond / TimeSpan.TicksPerSecond) + Parts - 1) / Parts);

    /// <summary>Charges a call, or refuses it and leaves the cell as it is. False when the cell is <see cref="Cell.Gone"/>.</summary>
    /// <param name="width">The length of a part, in ticks.</param>
    public bool TryCharge(int cost, int allow, long width, long now, out Answer answer)
    {
        answer = default;
        lock (_gate)
        {
            var held = Time;
            if (held == Gone) return false;
            Advance(now / width);
            if (_used + cost > allow)
            {
                answer = Refusal(cost, allow, width, now);
                return true;
            }

            if (!Replace(held, EndOf(_newest, width))) return false; // it was swept away just now
            _uses[SlotOf(_newest)] += cost;
            _used += cost;
            answer = new Answer(_newest + 1, allow - _used, EndOf(_newest, width) - now, Wait(cost, allow, width, now));
            return true;
        }
    }

    /// <summary>What the limit would say, without charging anything.</summary>
    public Answer Look(int cost, int allow, long width, long now)
    {
        lock (_gate)
        {
            Advance(now / width);
            if (_used + cost > allow) return Refusal(cost, allow, width, now);
            return new Answer(_newest + 1, allow - _used, Math.Max(0, Time - now), 0);
        }
    }

    /// <summary>Takes a charge back, if it still counts.</summary>
    /// <param name="charged">What the answer to it said.</param>
    public void GiveBack(int cost, long charged)
    {
        lock (_gate)
        {
            var part = charged - 1;
            if (part <= _newest - Slots) return;
            _uses[SlotOf(part)] -= cost;
            _used -= cost;
        }
    }

    private Answer Refusal(int cost, int allow, long width, long now) =>
        new(0, Math.Max(0, allow - _used), Math.Max(0, Time - now), Wait(cost, allow, width, now));

    /// <summary>Forgets what is a window old. A thread that comes late counts in the newest part, which is stricter by a moment.</summary>
    private void Advance(long part)
    {
        if (part <= _newest) return;
        if (_newest == long.MinValue || part - _newest >= Slots)
        {
            _uses = default;
            _used = 0;
        }
        else
        {
            for (var old = _newest + 1; old <= part; old++)
            {
                _used -= _uses[SlotOf(old)];
                _uses[SlotOf(old)] = 0;
            }
        }

        _newest = part;
    }

    /// <summary>Ticks until a call of this cost is allowed; 0 when it is now.</summary>
    private long Wait(int cost, int allow, long width, long now)
    {
        var over = _used + cost - allow;
        for (var part = _newest - Parts; over > 0 && part <= _newest; part++)
        {
            over -= _uses[SlotOf(part)];
            if (over <= 0) return EndOf(part, width) - now;
        }

        return 0;
    }

    /// <summary>When what was used in a part does not count any more.</summary>
    private static long EndOf(long part, long width) => (part + Slots) * width;

    private static int SlotOf(long part) => (int)(((part % Slots) + Slots) % Slots);

    [InlineArray(Slots)]
    private struct Uses
    {
        private int _first;
    }
}
