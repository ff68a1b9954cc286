namespace Gatehouse.Policies.Body;

/// <summary>What a route takes as a body.</summary>
/// <param name="Max">The most bytes, as they arrive.</param>
/// <param name="Whole">Whether the backend gets it when it is complete.</param>
internal sealed record BodyRules(long Max, bool Whole)
{
    /// <summary>Whether the route has upgrades, whose conversation is no body.</summary>
    public bool Upgrades { get; init; }

    /// <summary>Whether the client may pause for as long as the upstream waits: somebody has written why the body is streamed.</summary>
    public bool MayPause { get; init; }

    /// <summary>What JSON in a whole body may be.</summary>
    public JsonLimits Json { get; init; } = JsonLimits.Usual;

    /// <summary>How a whole body may be compressed.</summary>
    public Coding Codings { get; init; }

    /// <summary>The most bytes that a compressed body may unpack to.</summary>
    public long Expanded { get; init; }
}
