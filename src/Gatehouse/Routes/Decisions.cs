using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Routes;

/// <summary>Who a route is meant for.</summary>
internal enum Exposure
{
    Public,
    Partner,
    Internal,
    Administrative,
}

/// <summary>What a call may do: read, write, or act (start something outside the record, or something that cannot be undone).</summary>
internal enum Effect
{
    Read,
    Write,
    Action,
}

/// <summary>Whether a route touches data about people.</summary>
internal enum PersonalData
{
    None,
    Ordinary,
    Special,
}

/// <summary>What the backend checks for itself: each object, only which service calls, or nothing.</summary>
internal enum BackendChecks
{
    Object,
    Service,
    None,
}

/// <summary>A protocol that a connection may change to.</summary>
internal enum Upgrade
{
    WebSocket,
}

/// <summary>Whether a route's backend is sent an assertion of who calls, and which.</summary>
internal enum AssertionUse
{
    /// <summary>One that serves every exchange of the same caller, route and upstream for its life.</summary>
    Reuse,

    /// <summary>One of its own for each exchange, bound to it and used once.</summary>
    PerRequest,

    /// <summary>None.</summary>
    None,
}

/// <summary>Who may call a route. What is not written is denied.</summary>
internal sealed record Access
{
    /// <summary>Why anybody may call, or null: then a consumer has to be identified.</summary>
    public string? Anonymous { get; init; }

    /// <summary>The consumers that may call.</summary>
    public IReadOnlyList<ConsumerId> Consumers { get; init; } = [];

    /// <summary>The people whom the caller has to speak for: one of these groups. Empty: only callers that speak for nobody may call.</summary>
    public IReadOnlyList<string> People { get; init; } = [];

    /// <summary>The scopes that a caller has to hold, every one of them.</summary>
    public IReadOnlyList<Scope> Scopes { get; init; } = [];

    /// <summary>What the caller's token has to say, every one of these claims.</summary>
    public IReadOnlyList<ClaimCondition> Claims { get; init; } = [];
}

/// <summary>A rule set aside for a route: visible, owned, and an error when its day has come.</summary>
/// <param name="Until">The first day (UTC) on which the waiver no longer holds.</param>
internal sealed record Waiver(string Rule, string Reason, string Owner, DateOnly Until, Place Place);
