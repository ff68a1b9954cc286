namespace Gatehouse.Routes;

/// <summary>From when on the gateway counts itself as short.</summary>
internal sealed record OverloadLimits
{
    public static readonly OverloadLimits Usual = new();

    /// <summary>The delay of its own work that it may have.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The percentage of the memory it may have that may be in use.</summary>
    public int Memory { get; init; } = 85;

    /// <summary>Why nothing is shed; null where something is.</summary>
    public string? Off { get; init; }
}
