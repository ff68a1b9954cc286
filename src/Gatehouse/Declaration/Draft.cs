using Gatehouse.Assertions;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Contracts;
using Gatehouse.Declaration.Sections;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Services;
using Gatehouse.Stores;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.Tokens;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration;

/// <summary>
/// A declaration as far as it could be read: what the checks look at. Whatever could not be read is null here and was a finding already, so
/// that one mistake does not hide the others.
/// </summary>
internal sealed class Draft
{
    public required Findings Findings { get; init; }

    /// <summary>The day (UTC) on which the declaration is judged.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The declaration's own file.</summary>
    public required RootText Root { get; init; }

    public required Secret? Pepper { get; init; }

    /// <summary>What instances share; null when they share nothing, or it could not be read.</summary>
    public required RedisSettings? Store { get; init; }

    /// <summary>How what happens is told.</summary>
    public required TelemetrySettings Telemetry { get; init; }

    /// <summary>The database that instances share; null when they share none, or it could not be read.</summary>
    public required PostgresSettings? Postgres { get; init; }

    /// <summary>Null when there is no <c>assertions</c>, or it could not be read.</summary>
    public required AssertionIssuer? Assertions { get; init; }

    /// <summary>Null when there is no <c>audit</c>, or it could not be read.</summary>
    public required TrailDeclaration? Trail { get; init; }

    public required IReadOnlyList<Drafted<Listener>> Listeners { get; init; }

    public required IReadOnlyDictionary<string, Drafted<Upstream>> Upstreams { get; init; }

    public required IReadOnlyDictionary<string, Drafted<Consumer>> Consumers { get; init; }

    public required IReadOnlyDictionary<string, Drafted<Issuer>> Issuers { get; init; }

    public required IReadOnlyDictionary<string, Drafted<Authoriser>> Authorisers { get; init; }

    /// <summary>Where tokens come from, by the upstream that wants them.</summary>
    public required IReadOnlyDictionary<string, TokenExchange> TokenExchanges { get; init; }

    /// <summary>The names of all upstreams, those that could not be read included.</summary>
    public required IReadOnlySet<string> UpstreamNames { get; init; }

    /// <summary>The names of all consumers, those that could not be read included.</summary>
    public required IReadOnlySet<string> ConsumerNames { get; init; }

    /// <summary>The names of all issuers, those that could not be read included.</summary>
    public required IReadOnlySet<string> IssuerNames { get; init; }

    /// <summary>The people, as far as they could be read.</summary>
    public required IReadOnlyList<Named<PeopleText>> People { get; init; }

    /// <summary>The names of all people, those that could not be read included.</summary>
    public required IReadOnlySet<string> PeopleNames { get; init; }

    /// <summary>For each included file that has them, the bounds that it has to keep.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<Bounds>> Bounds { get; init; }

    public required IReadOnlyList<RouteDraft> Routes { get; init; }

    /// <summary>The contracts that apis name, as far as they could be read.</summary>
    public required IReadOnlyList<Contract> Contracts { get; init; }

    /// <summary>The kinds of policies that have read the routes.</summary>
    public required IReadOnlyList<RoutePolicyKind> Kinds { get; init; }

    public DateOnly Today => DateOnly.FromDateTime(Now.UtcDateTime);
}

/// <summary>A named thing: its text, and what could be read from it.</summary>
/// <param name="Place">The place of its name.</param>
/// <param name="Value">Null when its text says too little.</param>
internal sealed record Drafted<T>(string Name, Place Place, SectionReader Text, T? Value)
    where T : class;
