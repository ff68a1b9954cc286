using System.Globalization;

namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// Everything that goes to one collector, from the gateway's start to its end: a channel for each signal, so that none waits for another.
/// </summary>
internal sealed class OtlpShipping : IAsyncDisposable
{
    private readonly OtlpTransport _transport;
    private readonly TimeProvider _clock;
    private readonly OtlpChannel? _logs;

    /// <param name="resource">Who tells; see <see cref="OtlpResource.Of"/>.</param>
    /// <param name="capacity">Bytes of each of the two buffers of a signal.</param>
    public OtlpShipping(
        OtlpSettings settings, byte[] resource, GatehouseMeter meter, EventWriter events, TimeProvider clock, int capacity = OtlpChannel.Usual)
    {
        (Settings, _clock) = (settings, clock);
        _transport = new OtlpTransport(settings, clock);
        Spans = Open(OtlpSignals.Traces, "traces");
        Metrics = Open(OtlpSignals.Metrics, "metrics");
        _logs = Open(OtlpSignals.Logs, "logs");

        OtlpChannel? Open(OtlpSignals signal, string name) => settings.Signals.HasFlag(signal)
            ? new OtlpChannel(name, _transport, resource, meter.Shipped(name), events, clock, capacity) : null;
    }

    public OtlpSettings Settings { get; }

    /// <summary>Null where none are sent.</summary>
    public OtlpChannel? Spans { get; }

    /// <summary>Null where none are sent.</summary>
    public OtlpChannel? Metrics { get; }

    /// <summary>A name that tells this process from others of the gateway, and from itself after its next start.</summary>
    public static string NewInstance() => Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Where lines of a log go; null where none are sent.</summary>
    public LineSink? Logs(string name, OtlpSeverity severity = OtlpSeverity.Information) =>
        _logs is null ? null : new OtlpLogs(_logs, name, severity, _clock);

    /// <summary>The header fields of what is sent from now on.</summary>
    public void Use(IReadOnlyList<OtlpHeader> headers) => _transport.Use(headers);

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in (OtlpChannel?[])[Spans, Metrics, _logs])
            if (channel is not null) await channel.DisposeAsync();
        _transport.Dispose();
    }
}
