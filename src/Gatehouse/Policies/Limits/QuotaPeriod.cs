namespace Gatehouse.Policies.Limits;

/// <summary>
/// Days and months of the calendar, UTC, as numbers that grow by one. A clock that steps back over the begin of a period by at most an hour leaves
/// the period begun.
/// </summary>
internal static class QuotaPeriod
{
    /// <summary>How far a clock may step back, and the period that has begun goes on.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromHours(1);

    public static long At(LimitForm form, DateTimeOffset instant)
    {
        var date = instant.UtcDateTime;
        return form == LimitForm.Month ? (date.Year * 12L) + date.Month - 1 : date.Ticks / TimeSpan.TicksPerDay;
    }

    public static DateTimeOffset BeginOf(LimitForm form, long period)
    {
        var date = form == LimitForm.Month
            ? new DateTime((int)(period / 12), (int)(period % 12) + 1, 1) : new DateTime(period * TimeSpan.TicksPerDay);
        return new DateTimeOffset(date, TimeSpan.Zero);
    }

    public static DateTimeOffset EndOf(LimitForm form, long period) => BeginOf(form, period + 1);

    /// <summary>The latest period that may have begun already, should the clock have stepped back.</summary>
    public static long LatestAt(LimitForm form, DateTimeOffset instant)
    {
        var period = At(form, instant);
        return EndOf(form, period) - instant <= Slack ? period + 1 : period;
    }
}
