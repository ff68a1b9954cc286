using Gatehouse.Configuration;
using Gatehouse.Contracts;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration;

/// <summary>A route as far as its text goes: its own decisions and those that its api gives to it.</summary>
internal sealed class RouteDraft
{
    public required RouteId Id { get; init; }

    /// <summary>The place of the route's name.</summary>
    public required Place Place { get; init; }

    public required RouteSource Text { get; init; }

    public required RouteWaivers Waivers { get; init; }

    public required string? Owner { get; init; }

    public required string? Purpose { get; init; }

    public required Exposure? Exposure { get; init; }

    public required Effect? Effect { get; init; }

    public required PersonalData? PersonalData { get; init; }

    public required string? Consequence { get; init; }

    public required BackendChecks? BackendChecks { get; init; }

    public required AccessText? Access { get; init; }

    /// <summary>The method and path with their place, written by the route or taken from its api's contract.</summary>
    public required RouteMatch? Match { get; init; }

    public required Place MatchPlace { get; init; }

    /// <summary>The contract of the route's api, or null.</summary>
    public required Contract? Contract { get; init; }

    /// <summary>The contract's operation that the route takes the requests of, or null.</summary>
    public required Operation? Operation { get; init; }

    public required Located<string>? Upstream { get; init; }

    public required Located<TimeSpan>? Deadline { get; init; }

    public required Upgrade? Upgrade { get; init; }

    public required LifecycleText? Lifecycle { get; init; }

    public required AssertionUse Assertion { get; init; }

    /// <summary>The parameters that may be read in the trail; null where the route says nothing of it.</summary>
    public required Located<IReadOnlyList<Located<string>>>? Audit { get; init; }

    public required IReadOnlyList<Named<Located<(SubjectPart Part, string Name)>>> About { get; init; }

    public required Located<RouteRetries>? Retries { get; init; }

    public required Located<HedgeText>? Hedge { get; init; }

    public required Located<CanaryText>? Canary { get; init; }

    public required Located<MirrorText>? Mirror { get; init; }

    /// <summary>Every upstream that gets requests of the route, or copies of them.</summary>
    public IEnumerable<Located<string>> Upstreams
    {
        get
        {
            if (Upstream is { } main) yield return main;
            if (Canary is { } canary) yield return canary.Value.Upstream;
            if (Mirror is { } mirror) yield return mirror.Value.Upstream;
        }
    }

    public required Located<DateOnly>? Review { get; init; }

    public required IReadOnlyDictionary<string, object> Specs { get; init; }

    /// <summary>Whether calls change something.</summary>
    public bool Changes => Effect is Routes.Effect.Write or Routes.Effect.Action;

    /// <summary>The route that takes this one's place; a name alone is one of the same api.</summary>
    public RouteId? SuccessorId =>
        Lifecycle?.Successor is not { } named ? null
        : new RouteId(named.Value.Contains('/', StringComparison.Ordinal)
            ? named.Value
            : Id.Value[..(Id.Value.IndexOf('/', StringComparison.Ordinal) + 1)] + named.Value);

    /// <summary>Whether its exchanges have to be accounted for, whatever the declaration adds.</summary>
    public bool IsAccountable => Changes || TouchesPeople || Exposure == Routes.Exposure.Partner;

    public bool TouchesPeople => PersonalData is Routes.PersonalData.Ordinary or Routes.PersonalData.Special;

    /// <summary>The route, when every decision is there.</summary>
    public Route? Complete()
    {
        if (Owner is null || Purpose is null || Match is null || Access is null) return null;
        if (Exposure is not { } exposure
            || Effect is not { } effect
            || PersonalData is not { } personalData
            || Upstream is not { } upstream)
            return null;
        return new Route
        {
            Id = Id,
            Owner = Owner,
            Purpose = Purpose,
            Exposure = exposure,
            Effect = effect,
            PersonalData = personalData,
            Consequence = Consequence,
            BackendChecks = BackendChecks,
            Match = Match,
            Operation = Operation?.Name,
            Access = new Access
            {
                Anonymous = Access.Anonymous?.Value,
                Consumers = [.. Access.Consumers.Select(c => new Consumers.ConsumerId(c.Value))],
                People = [.. Access.People.Select(p => p.Value)],
                Claims = Access.Claims?.Value ?? [],
                Scopes = [.. Access.Scopes.Select(s => new Consumers.Scope(s.Value))],
            },
            Upstream = upstream.Value,
            Deadline = Upgrade is null ? Deadline?.Value ?? RouteReader.UsualDeadline : null,
            Upgrade = Upgrade,
            Lifecycle = Lifecycle is { } end ? new Lifecycle(end.Deprecated?.Value, end.Sunset?.Value, SuccessorId, end.Documentation) : null,
            Assertion = Assertion,
            Audit = new RouteAudit(
                Audit is not null, [.. Audit?.Value.Select(n => n.Value) ?? []],
                [.. About.Select(a => new AboutSource(a.Name, a.Value.Value.Part, a.Value.Value.Name))]),
            Retries = Retries?.Value ?? RouteRetries.Usual,
            HedgeAfter = Hedge?.Value.After,
            Canary = Canary?.Value.Value,
            Mirror = Mirror?.Value.Value,
            Review = Review?.Value,
            Waivers = Waivers.All,
            Specs = Specs,
            Place = Place,
        };
    }
}
