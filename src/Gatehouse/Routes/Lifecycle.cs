namespace Gatehouse.Routes;

/// <summary>Where a route stands between its beginning and its end.</summary>
internal enum LifecycleStage
{
    /// <summary>It is there to be used.</summary>
    Current,

    /// <summary>It still answers, and tells callers to go elsewhere.</summary>
    Deprecated,

    /// <summary>It answers nothing but 410.</summary>
    Retired,
}

/// <summary>A route's way to its end, as its callers are told.</summary>
/// <param name="Deprecated">From when callers should go elsewhere (RFC 9745), or null.</param>
/// <param name="Sunset">From when the route answers nothing but 410 (RFC 8594), or null.</param>
/// <param name="Successor">The route that takes its place, or null.</param>
/// <param name="Documentation">Where people read about the change: an absolute address, or null.</param>
internal sealed record Lifecycle(DateTimeOffset? Deprecated, DateTimeOffset? Sunset, RouteId? Successor, string? Documentation)
{
    public LifecycleStage StageAt(DateTimeOffset now) =>
        now >= Sunset ? LifecycleStage.Retired : now >= Deprecated ? LifecycleStage.Deprecated : LifecycleStage.Current;
}
