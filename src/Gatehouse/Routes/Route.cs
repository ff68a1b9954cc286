using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Routes;

/// <summary>The name of a route: its api and its own name, as in <c>orders/get-order</c>.</summary>
internal readonly record struct RouteId(string Value)
{
    /// <summary>The name of the api that the route belongs to.</summary>
    public string Api => Value[..Value.IndexOf('/', StringComparison.Ordinal)];

    public override string ToString() => Value;
}

/// <summary>
/// The governed unit: what may be called, and every decision that was taken about it. Who holds one holds a complete one.
/// </summary>
internal sealed class Route
{
    public required RouteId Id { get; init; }

    /// <summary>Who answers for the route.</summary>
    public required string Owner { get; init; }

    /// <summary>What the route is for.</summary>
    public required string Purpose { get; init; }

    /// <summary>Who the route is meant for. Only listeners that serve this exposure serve the route.</summary>
    public required Exposure Exposure { get; init; }

    /// <summary>What a call may do.</summary>
    public required Effect Effect { get; init; }

    public required PersonalData PersonalData { get; init; }

    /// <summary>What follows if it goes wrong; null only where the declaration may leave it out.</summary>
    public string? Consequence { get; init; }

    /// <summary>Whether the backend itself checks each object or each service that asks; null only where the declaration may leave it out.</summary>
    public BackendChecks? BackendChecks { get; init; }

    internal required RouteMatch Match { get; init; }

    /// <summary>The operation of its api's contract that the route serves: its operationId, or its method and path; null without one.</summary>
    internal string? Operation { get; init; }

    internal required Access Access { get; init; }

    /// <summary>The name of the group of servers that answers.</summary>
    internal required string Upstream { get; init; }

    /// <summary>How long the whole exchange may take; null for upgraded connections, which only have idle limits.</summary>
    internal required TimeSpan? Deadline { get; init; }

    /// <summary>The protocol that the route's connections may be upgraded to, or null.</summary>
    internal required Upgrade? Upgrade { get; init; }

    /// <summary>From deprecation to the end; null for a route that stays.</summary>
    internal Lifecycle? Lifecycle { get; init; }

    /// <summary>The assertion that the backend is sent, where the gateway makes any.</summary>
    internal AssertionUse Assertion { get; init; }

    /// <summary>What is recorded of its exchanges, where the gateway keeps a trail.</summary>
    internal RouteAudit Audit { get; init; } = RouteAudit.Usual;

    /// <summary>Whether a call may change something: then nothing is forwarded that is not recorded.</summary>
    internal bool Changes => Effect is Effect.Write or Effect.Action;

    /// <summary>Whether its exchanges have to be accounted for.</summary>
    internal bool IsAccountable => Changes || PersonalData != PersonalData.None || Exposure == Exposure.Partner || Audit.Always;

    /// <summary>Whether calls may be sent again, where the upstream retries.</summary>
    internal RouteRetries Retries { get; init; } = RouteRetries.Usual;

    /// <summary>After how long without an answer's head a second destination is asked too; null for never.</summary>
    internal TimeSpan? HedgeAfter { get; init; }

    /// <summary>The upstream that gets a part of the calls; null for none.</summary>
    internal Canary? Canary { get; init; }

    /// <summary>Where copies of requests go; null for nowhere.</summary>
    internal Mirroring? Mirror { get; init; }

    /// <summary>The day (UTC) on which the decisions are to be looked at again, or null.</summary>
    internal DateOnly? Review { get; init; }

    internal required IReadOnlyList<Waiver> Waivers { get; init; }

    /// <summary>
    /// What each kind of policy has read of this route, by the kind's name. Looked up when the route is compiled, never while it serves.
    /// </summary>
    internal required IReadOnlyDictionary<string, object> Specs { get; init; }

    /// <summary>Where the route is declared.</summary>
    internal required Place Place { get; init; }

    public override string ToString() => Id.Value;
}
