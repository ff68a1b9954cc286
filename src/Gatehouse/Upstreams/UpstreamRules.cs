using Gatehouse.Configuration;

namespace Gatehouse.Upstreams;

/// <summary>When a destination that fails is left out for a while.</summary>
/// <param name="After">Failures in a row.</param>
/// <param name="For">How long, the first time; twice as long each further time.</param>
/// <param name="UpTo">The longest. A destination that was in use for this long without being ejected begins anew.</param>
/// <param name="Most">How many destinations may be out then, whatever the reason; 0% for no ejections. The only one is never ejected.</param>
internal sealed record EjectionRule(int After, TimeSpan For, TimeSpan UpTo, Share Most)
{
    public static EjectionRule Usual { get; } = new(5, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5), Share.Percent(50));
}

/// <summary>How destinations are asked whether they are well.</summary>
/// <param name="Path">What is asked for, with a query if it has one.</param>
/// <param name="Interval">Between two questions to one destination, a tenth more or less.</param>
/// <param name="Timeout">For the whole answer.</param>
/// <param name="Expect">The statuses of a destination that is well.</param>
/// <param name="Healthy">Good answers in a row that bring a destination back.</param>
/// <param name="Unhealthy">Bad ones in a row that take it out. The first answer of all decides by itself.</param>
internal sealed record HealthRule(string Path, TimeSpan Interval, TimeSpan Timeout, Statuses Expect, int Healthy, int Unhealthy)
{
    public static HealthRule Usual { get; } = new("/", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), new Statuses(200, 299), 2, 3);
}

/// <summary>Statuses of HTTP from one to another, both included.</summary>
internal readonly record struct Statuses(int Least, int Most)
{
    public bool Contains(int status) => status >= Least && status <= Most;
}

/// <summary>When the whole upstream is left alone.</summary>
/// <param name="Failures">How many of the attempts within <paramref name="Window"/> have to fail.</param>
/// <param name="Volume">Attempts within the window without which nothing is decided.</param>
/// <param name="Pause">How long nothing is sent, a tenth more or less.</param>
/// <param name="Probes">Exchanges that are then let through, and have to go well.</param>
/// <param name="Slow">An answer that begins later than this counts as a failure; null for none.</param>
internal sealed record BreakerRule(Share Failures, int Volume, TimeSpan Window, TimeSpan Pause, int Probes, TimeSpan? Slow)
{
    public static BreakerRule Usual { get; } = new(Share.Percent(50), 20, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), 3, null);
}

/// <summary>How many exchanges an upstream is sent at once.</summary>
/// <param name="Most">In flight.</param>
/// <param name="Queue">How many more may wait for their turn.</param>
/// <param name="Wait">For how long.</param>
internal sealed record BulkheadRule(int Most, int Queue, TimeSpan Wait);
