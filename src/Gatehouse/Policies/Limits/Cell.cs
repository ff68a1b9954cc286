namespace Gatehouse.Policies.Limits;

/// <summary>
/// One caller's use of one limit: a time on the monotonic clock, in ticks, from which on nothing is used any more. Forms of limits that know more
/// keep it beside.
/// </summary>
internal class Cell
{
    /// <summary>The time of a cell that was taken out of its table and may not be charged any more.</summary>
    public const long Gone = long.MinValue;

    private long _time = long.MinValue + 1;

    public long Time => Volatile.Read(ref _time);

    /// <summary>Sets the time, if it is still what the caller saw.</summary>
    public bool Replace(long seen, long time) => Interlocked.CompareExchange(ref _time, time, seen) == seen;

    /// <summary>Called once, when the cell is out of its table.</summary>
    public virtual void Retire()
    {
    }
}
