using Gatehouse.Configuration;

namespace Gatehouse.Upstreams;

/// <summary>A named group of servers that answer alike.</summary>
internal sealed record Upstream
{
    public static readonly TimeSpan UsualSlowReturn = TimeSpan.FromSeconds(10);

    public required string Name { get; init; }

    public required IReadOnlyList<DestinationAddress> Destinations { get; init; }

    public required UpstreamTimeouts Timeouts { get; init; }

    public required Balance Balance { get; init; }

    /// <summary>The share of each destination beside those of the others; empty where all have the same.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [];

    /// <summary>What exchanges are told apart by that are balanced by a hash; null for another balance.</summary>
    public HashRule? Hash { get; init; }

    /// <summary>For how long a destination that comes back takes less than its share.</summary>
    public TimeSpan SlowReturn { get; init; } = UsualSlowReturn;

    /// <summary>When a destination that fails is left out.</summary>
    public EjectionRule Ejection { get; init; } = EjectionRule.Usual;

    /// <summary>How destinations are asked whether they are well; null for not at all.</summary>
    public HealthRule? Health { get; init; }

    /// <summary>When the whole upstream is left alone; null for never.</summary>
    public BreakerRule? Breaker { get; init; }

    /// <summary>How many exchanges it is sent at once; null for as many as its connections carry.</summary>
    public BulkheadRule? AtOnce { get; init; }

    /// <summary>How calls are sent again that failed; null for not at all.</summary>
    public RetryRules? Retries { get; init; }

    /// <summary>The version that is spoken to the destinations.</summary>
    public required UpstreamProtocol Protocol { get; init; }

    /// <summary>PEM of the certificate authorities that destinations are trusted by; null for the system's.</summary>
    public required byte[]? Authorities { get; init; }

    /// <summary>What TLS proves in addition.</summary>
    public UpstreamTls Tls { get; init; } = UpstreamTls.Usual;

    public required Place Place { get; init; }
}

/// <summary>The address of one server: scheme, host and port, nothing else.</summary>
internal sealed record DestinationAddress(Uri Value)
{
    /// <summary>As it is written in logs: <c>http://10.0.0.1:5101</c>.</summary>
    public string Text { get; } = Value.GetLeftPart(UriPartial.Authority);

    public override string ToString() => Text;
}

/// <param name="Connect">To open a connection, TLS included.</param>
/// <param name="Head">From the request's end to the response's head.</param>
/// <param name="Idle">Without a byte in either direction.</param>
internal sealed record UpstreamTimeouts(TimeSpan Connect, TimeSpan Head, TimeSpan Idle);

internal enum Balance
{
    RoundRobin,
    LeastRequests,
    PowerOfTwoChoices,
    Hash,
}

internal enum UpstreamProtocol
{
    Http1,
    Http2,
}
