namespace Gatehouse.Hosting;

/// <summary>
/// How many lines about strangers' connections may be written: a hundred at once, then one a second. What is not written is counted all the same.
/// </summary>
internal sealed class LineBudget(TimeProvider clock)
{
    private const int AtOnce = 100;

    private readonly Lock _gate = new();
    private long _time;

    public bool TryTake()
    {
        var (now, second) = (clock.GetTimestamp(), clock.TimestampFrequency);
        lock (_gate)
        {
            var time = Math.Max(_time, now) + second; // the generic cell rate algorithm
            if (time - now > AtOnce * second) return false;
            _time = time;
            return true;
        }
    }
}
