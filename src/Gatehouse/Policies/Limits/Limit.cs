using Gatehouse.Configuration;

namespace Gatehouse.Policies.Limits;

/// <summary>Whose calls one limit counts together.</summary>
internal enum Per
{
    Person,
    Consumer,
    Credential,
    Address,
    Route,
    Api,
    All,
}

/// <summary>Over which routes the calls of one caller are counted together.</summary>
internal enum Across
{
    Route,
    Api,
    All,
}

/// <summary>How a limit counts.</summary>
internal enum LimitForm
{
    /// <summary>What was used comes back evenly (the generic cell rate algorithm).</summary>
    Even,

    /// <summary>What was used comes back when it is a window old.</summary>
    Sliding,

    /// <summary>What is used comes back when its exchange ends.</summary>
    AtOnce,

    /// <summary>A quota: what was used comes back with the next day (UTC).</summary>
    Day,

    /// <summary>A quota: what was used comes back with the next calendar month (UTC).</summary>
    Month,
}

/// <summary>One limit: <paramref name="Allow"/> calls at once, and that many in every window; or one quota.</summary>
/// <param name="Name">As clients see it.</param>
/// <param name="Allow">Calls, or units of cost; of a limit on what is under way at once, exchanges.</param>
/// <param name="Every">The window: whole seconds, because <c>RateLimit-Policy</c> can say nothing finer. Zero where there is no one length.</param>
internal sealed record Limit(string Name, Per Per, int Allow, TimeSpan Every)
{
    public LimitForm Form { get; init; } = LimitForm.Even;

    public Across Across { get; init; } = Across.Route;

    /// <summary>Whether a call takes what its route's <c>cost</c> says, and not one.</summary>
    public bool CountsCost { get; init; }

    /// <summary>Whether what it would refuse is only told.</summary>
    public bool ReportOnly { get; init; }

    /// <summary>Where <see cref="Allow"/> is written.</summary>
    public Place Place { get; init; }

    /// <summary>
    /// Who counts, where that is written; otherwise all instances where they have a store and it can be shared, with leases;
    /// of a quota, each instance.
    /// </summary>
    public Sharing? Shared { get; init; }

    /// <summary>Where <see cref="Shared"/> is written.</summary>
    public Place? SharedPlace { get; init; }

    /// <summary>Whether instances can count it together.</summary>
    public bool CanBeShared => Form == LimitForm.Even && !ReportOnly;

    /// <summary>Whether instances count it together where they have a store.</summary>
    public bool IsShared => CanBeShared && Shared is not Sharing.Local;

    /// <summary>Whether it is a quota that instances spend together.</summary>
    public bool IsSharedQuota => IsQuota && Shared is (Sharing.Leased or Sharing.Exact);

    /// <summary>Whether it is a budget over a period of the calendar, and not a limit.</summary>
    public bool IsQuota => Form is LimitForm.Day or LimitForm.Month;

    /// <summary>What one call takes of it.</summary>
    /// <param name="cost">What the route says that a call costs.</param>
    public int CostOf(int cost) => CountsCost ? cost : 1;
}
