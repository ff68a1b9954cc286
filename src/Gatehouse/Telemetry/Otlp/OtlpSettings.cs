using System.Security.Cryptography;

namespace Gatehouse.Telemetry.Otlp;

/// <summary>What is sent to a collector.</summary>
[Flags]
internal enum OtlpSignals
{
    None = 0,
    Traces = 1,
    Metrics = 2,
    Logs = 4,
}

/// <summary>Where a collector takes what the gateway tells (OTLP 1.x over HTTP, in Protocol Buffers), and what it is sent.</summary>
/// <param name="Endpoint">The address before <c>/v1/traces</c>: https, or http on loopback.</param>
internal sealed record OtlpSettings(Uri Endpoint, OtlpSignals Signals)
{
    /// <summary>PEM of the authorities that the collector is trusted by; null for the system's.</summary>
    public byte[]? Authorities { get; init; }

    /// <summary>Header fields of every request.</summary>
    public IReadOnlyList<OtlpHeader> Headers { get; init; } = [];

    /// <summary>How long one request may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time between two readings of the metrics.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What only a restart can change. The header fields are replaced by a reload.</summary>
    public string Identity =>
        $"{Endpoint.AbsoluteUri} {Signals} {Timeout} {Every} {(Authorities is null ? "system" : Convert.ToHexString(SHA256.HashData(Authorities)))}";
}

/// <param name="Value">May be a secret.</param>
internal sealed record OtlpHeader(string Name, string Value)
{
    /// <summary>Nothing of its value is shown by accident.</summary>
    public override string ToString() => Name;
}

/// <summary>Whether an exchange is traced, where exchanges are traced at all.</summary>
/// <param name="Sample">The part of the exchanges, from 0 to 1, that is traced.</param>
/// <param name="HonoursParent">Whether whoever calls decides instead, by the flag of its <c>traceparent</c>, where it sends one.</param>
internal sealed record TraceRules(double Sample, bool HonoursParent)
{
    public static TraceRules Usual { get; } = new(0.01, false);
}

/// <summary>What a declaration says of how what happens is told.</summary>
internal sealed record TelemetrySettings
{
    public static TelemetrySettings Usual { get; } = new();

    /// <summary>The collector; null where there is none.</summary>
    public OtlpSettings? Otlp { get; init; }

    /// <summary>Which exchanges are traced; null for none.</summary>
    public TraceRules? Traces { get; init; }

    /// <summary>Whether durations are measured by the semantic conventions of HTTP too.</summary>
    public bool HttpMetrics { get; init; } = true;

    public SecurityRules Security { get; init; } = new();
}
