using System.Net;
using Gatehouse.Assertions;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Services;
using Gatehouse.Stores;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.Tokens;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration;

/// <summary>A whole declaration, typed, with every reference resolved. Who holds one holds a valid one.</summary>
internal sealed class GatewayDefinition
{
    public required string Name { get; init; }

    public required string Owner { get; init; }

    public required string Environment { get; init; }

    public required IReadOnlyList<Listener> Listeners { get; init; }

    public required AdminListener Administration { get; init; }

    /// <summary>Where orchestrators ask for health without detail; null when nowhere.</summary>
    public required IPEndPoint? Health { get; init; }

    public required Secret? Pepper { get; init; }

    /// <summary>Under whose name and keys backends are told who calls; null for nobody's.</summary>
    public required AssertionIssuer? Assertions { get; init; }

    public required ConsumerDirectory Consumers { get; init; }

    public required IReadOnlyList<Issuer> Issuers { get; init; }

    public required IReadOnlyDictionary<string, Upstream> Upstreams { get; init; }

    /// <summary>The services that are asked whether calls may pass, by name.</summary>
    public required IReadOnlyDictionary<string, Authoriser> Authorisers { get; init; }

    /// <summary>Where tokens come from that upstreams want instead of the caller's, by the upstream's name.</summary>
    public required IReadOnlyDictionary<string, TokenExchange> TokenExchanges { get; init; }

    /// <summary>The store that instances share; null when they share nothing.</summary>
    public required RedisSettings? Store { get; init; }

    /// <summary>The database that instances share; null when they share none.</summary>
    public PostgresSettings? Postgres { get; init; }

    /// <summary>Where keys are kept that are issued, and what is suspended; null for nowhere.</summary>
    public RegisterSettings? Register { get; init; }

    /// <summary>Every route of every api, in the order written.</summary>
    public required IReadOnlyList<Route> Routes { get; init; }

    /// <summary>The access log's file, or null for standard output.</summary>
    public required string? AccessLog { get; init; }

    /// <summary>The file in which what was spent of quotas is kept; null where nothing is.</summary>
    public string? QuotaFile { get; init; }

    /// <summary>The trail of what has to be accounted for; null where there is none.</summary>
    public TrailDeclaration? Trail { get; init; }

    public required Drain Drain { get; init; }

    /// <summary>How what happens is told.</summary>
    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Usual;

    /// <summary>From when on work is shed.</summary>
    public OverloadLimits Overload { get; init; } = OverloadLimits.Usual;

    /// <summary>SHA-256 over the canonical form: two declarations that mean the same have the same fingerprint.</summary>
    public required string Fingerprint { get; init; }
}

/// <summary>The administration listener: <c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
internal sealed record AdminListener(IPEndPoint Address, Place Place);

/// <param name="Announce">How long new connections are still served, with <c>Connection: close</c>, after a stop was asked for.</param>
/// <param name="Finish">How long exchanges in flight may take to finish after that.</param>
internal sealed record Drain(TimeSpan Announce, TimeSpan Finish);
