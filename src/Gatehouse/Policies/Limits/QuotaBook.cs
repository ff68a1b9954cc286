using Gatehouse.Ledger;

namespace Gatehouse.Policies.Limits;

/// <summary>What the cells of one quota have in common.</summary>
/// <param name="ledger">Where what is spent is kept; null when nothing will be served.</param>
/// <param name="identity">The quota's name there.</param>
internal sealed class QuotaBook(IQuotaStore? ledger, string identity, LimitForm form, TimeProvider clock)
{
    /// <summary>Of a quota this share is reserved ahead, by all instances together.</summary>
    private const int Share = 100;

    private const int MostAhead = 1000;

    /// <summary>How long a caller may be quiet before its cell can be dropped.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);

    /// <summary>How long a call waits for the ledger.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly long _idle = (long)(Idle.TotalSeconds * clock.TimestampFrequency);

    public IQuotaStore? Ledger { get; } = ledger;

    public TimeProvider Clock { get; } = clock;

    public string Identity { get; } = identity;

    public LimitForm Form { get; } = form;

    /// <summary>Who counts.</summary>
    public Sharing Sharing { get; init; } = Sharing.Local;

    /// <summary>How many instances count together.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>The least that is reserved ahead of calls that do not wait.</summary>
    public int LeastAhead { get; init; }

    public bool IsShared => Sharing != Sharing.Local;

    /// <summary>Whether no call may pass: a file that cannot be written says so; of what is shared, what is reserved may still be spent.</summary>
    public bool IsClosed => Ledger is null || (!IsShared && Ledger.IsFailing);

    /// <summary>Until when a cell that was just used is kept.</summary>
    public long KeptUntil() => Clock.GetTimestamp() + _idle;

    /// <summary>Whether others may have given something back since then: for a second, what is used up counts as used up.</summary>
    public bool IsOld(long heardAt) => Clock.GetTimestamp() - heardAt >= Clock.TimestampFrequency;

    public DateTimeOffset Now() => Clock.GetUtcNow();

    /// <summary>Ticks of the monotonic clock until the period ends.</summary>
    public long Left(long period, DateTimeOffset now) =>
        (long)((Int128)Math.Max(0, (QuotaPeriod.EndOf(Form, period) - now).Ticks) * Clock.TimestampFrequency / TimeSpan.TicksPerSecond);

    /// <summary>How much is reserved ahead for one caller: what a crash can cost it. Nothing where calls are counted one by one.</summary>
    public int AheadOf(int allow) => Sharing switch
    {
        Sharing.Local => Math.Clamp(allow / Share, 1, MostAhead),
        Sharing.Leased => (int)Math.Clamp(allow / ((long)Share * Instances), LeastAhead, MostAhead),
        Sharing.Exact => LeastAhead,
    };
}
