namespace Gatehouse.Routes;

/// <summary>How often one client address may fail to prove who calls, before its credentials are no longer looked at.</summary>
internal sealed record ThrottleLimits
{
    /// <summary>Failures that are taken at once, and in every window.</summary>
    public int Failures { get; init; } = 20;

    /// <summary>The window, in whole seconds: what was used comes back evenly in this time.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Answers 403 and 404 that are taken alike, before everything from the address is refused; null where nobody is refused for them.
    /// </summary>
    public int? Misses { get; init; }

    /// <summary>Why nothing is throttled here; null where it is.</summary>
    public string? Off { get; init; }
}
