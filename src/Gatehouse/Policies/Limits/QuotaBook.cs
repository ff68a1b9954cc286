using Gatehouse.Ledger;

namespace Gatehouse.Policies.Limits;

/// <summary>What the cells of one quota have in common.</summary>
/// <param name="ledger">Where what is spent is kept; null when nothing will be served.</param>
/// <param name="identity">The quota's name there.</param>
internal sealed class QuotaBook(QuotaLedger? ledger, string identity, LimitForm form, TimeProvider clock)
{
    /// <summary>Of a quota this share is reserved ahead.</summary>
    private const int Share = 100;

    private const int MostAhead = 1000;

    /// <summary>How long a caller may be quiet before its cell can be dropped.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);

    /// <summary>How long a call waits for the ledger.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly long _idle = (long)(Idle.TotalSeconds * clock.TimestampFrequency);

    public QuotaLedger? Ledger { get; } = ledger;

    public TimeProvider Clock { get; } = clock;

    public string Identity { get; } = identity;

    public LimitForm Form { get; } = form;

    /// <summary>Until when a cell that was just used is kept.</summary>
    public long KeptUntil() => Clock.GetTimestamp() + _idle;

    public DateTimeOffset Now() => Clock.GetUtcNow();

    /// <summary>Ticks of the monotonic clock until the period ends.</summary>
    public long Left(long period, DateTimeOffset now) =>
        (long)((Int128)Math.Max(0, (QuotaPeriod.EndOf(Form, period) - now).Ticks) * Clock.TimestampFrequency / TimeSpan.TicksPerSecond);

    /// <summary>How much is reserved ahead for one caller: what a crash can cost it.</summary>
    public static int AheadOf(int allow) => Math.Clamp(allow / Share, 1, MostAhead);
}
