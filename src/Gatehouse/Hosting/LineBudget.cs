namespace Gatehouse.Hosting;

/// <summary>
/// How many lines about strangers' connections may be written: a hundred at once, then one a second. What is not written is counted all the same.
/// </summary>
internal sealed class LineBudget(TimeProvider clock)
{
    private const int AtOnce = 100;

    private readonly Lock _gate = new();
    private long _time;
    private long _left;

    /// <summary>Takes one, where there is any.</summary>
    /// <param name="before">How many were too many since the last one for which there was room.</param>
    public bool TryTake(out long before)
    {
        before = 0;
        var (now, second) = (clock.GetTimestamp(), clock.TimestampFrequency);
        lock (_gate)
        {
            var time = Math.Max(_time, now) + second; // the generic cell rate algorithm
            if (time - now > AtOnce * second)
            {
                _left++;
                return false;
            }

            (_time, before, _left) = (time, _left, 0);
            return true;
        }
    }
}
