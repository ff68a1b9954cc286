using Gatehouse.Routes;

namespace Gatehouse.Policies.Overload;

/// <summary>
/// How much of its work the gateway sheds, because it is short itself: of processor, which shows in the delay of its own work, or of memory. Slow
/// services make no difference. One number, the cut, grows from nothing over all of what is low to all of what is normal and most of what is high,
/// quickly while the gateway is short and slowly back (as DAGOR does it, ACM SoCC 2018). One watch moves it; exchanges only read it.
/// </summary>
internal sealed class Shortage
{
    /// <summary>The share of the memory at which even what matters most is refused.</summary>
    public const double NoMemory = 0.95;

    /// <summary>Who has fewer exchanges in hand is not made quicker by having fewer still: something else is in the way.</summary>
    public const int Few = 32;

    private const int Class = 128; // the cut's way through one priority
    private const int OfHigh = Class * 7 / 8; // something of what is high always gets through
    private const int Most = (2 * Class) + OfHigh;
    private const int LeastStep = 16;
    private const int MostStep = 64;
    private const int StepBack = 4;
    private const int HardShort = 4; // times the delay that is allowed, with all shed that can be

    private int _cut;
    private bool _isExtreme;
    private uint _turn;

    /// <summary>0 while nothing is shed, 128 when all that is low is, 256 when all that is normal is too, and then most of the rest.</summary>
    public int Cut => Volatile.Read(ref _cut);

    /// <summary>Whether even finding the route costs too much.</summary>
    public bool IsExtreme => Volatile.Read(ref _isExtreme);

    /// <summary>Whether one more exchange of this priority is taken. While the gateway is not short, this is one read.</summary>
    public bool Takes(Priority priority)
    {
        var cut = Volatile.Read(ref _cut);
        return cut == 0 || Turn() >= cut - ((int)priority * Class);
    }

    /// <summary>Whether one more exchange is looked at. While things are not at their worst, this is one read.</summary>
    public bool TakesAny() => !Volatile.Read(ref _isExtreme) || Turn() >= OfHigh;

    /// <summary>Moves the cut after a look at the gateway; to be called at even intervals, by one caller.</summary>
    /// <param name="delay">The least that its own work had to wait since the last look: what everything waits for.</param>
    /// <param name="underWay">Exchanges that are under way.</param>
    /// <param name="memory">The share of the memory it may have that is in use.</param>
    public void Look(TimeSpan delay, long underWay, double memory, OverloadLimits limits)
    {
        if (limits.Off is not null) (delay, memory) = (TimeSpan.Zero, 0);
        if (underWay < Few) delay = TimeSpan.Zero;
        var cut = _cut;
        if (delay > limits.Delay || memory * 100 >= limits.Memory) cut += StepFor(delay / limits.Delay);
        else if (delay < limits.Delay / 2) cut -= StepBack;
        cut = Math.Clamp(cut, 0, Most);
        Volatile.Write(ref _cut, limits.Off is null ? cut : 0);
        Volatile.Write(ref _isExtreme, memory >= NoMemory || (cut == Most && delay > limits.Delay * HardShort));
    }

    private static int StepFor(double times) => (int)Math.Clamp(LeastStep * times, LeastStep, MostStep);

    /// <summary>From 0 to 127, evenly: neighbours get numbers that lie far from each other.</summary>
    private int Turn() => (int)((Interlocked.Increment(ref _turn) * 2_654_435_769u) >> 25);
}
