using System.Diagnostics.Metrics;
using Gatehouse.Declaration;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Gatehouse.Admin;

/// <summary>
/// <c>/metrics</c> in the text format of Prometheus. The exporter is made a little after the start, or for the first reader if that comes before,
/// because making it would take a tenth of the start. Counters count from the first exchange on all the same; the durations of exchanges before it
/// are not kept.
/// </summary>
internal sealed class MetricsPage : IDisposable
{
    private static readonly TimeSpan AfterStart = TimeSpan.FromSeconds(1);
    private const int FewestSeries = 2_000;
    private const int MostSeries = 50_000;
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private readonly GatehouseMeter _meter;
    private readonly string _gateway;
    private readonly int _series;
    private readonly OtlpShipping? _shipping;
    private readonly Lazy<Exporter> _exporter;
    private ITimer? _soon;

    /// <param name="shipping">Where metrics are sent too; null for nowhere.</param>
    public MetricsPage(GatehouseMeter meter, GatewayDefinition definition, OtlpShipping? shipping = null)
    {
        (_meter, _shipping) = (meter, shipping);
        _gateway = definition.Name;
        _series =
            Math.Clamp((definition.Routes.Count + 1) * definition.Listeners.Count * ExchangeTally.StatusClasses.Count, FewestSeries, MostSeries);
        _exporter = new Lazy<Exporter>(Create);
    }

    public void PrepareSoon(TimeProvider clock) =>
        _soon = clock.CreateTimer(static page => _ = ((MetricsPage)page!)._exporter.Value, this, AfterStart, Timeout.InfiniteTimeSpan);

    public Task AnswerAsync(HttpContext http) => _exporter.Value.Answer(http);

    public void Dispose()
    {
        _soon?.Dispose();
        if (_exporter.IsValueCreated) _exporter.Value.Provider.Dispose();
    }

    private Exporter Create()
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService(_gateway, autoGenerateServiceInstanceId: false))
            .AddMeter(GatehouseMeter.Name)
            .AddView(ViewOf)
            .AddPrometheusExporter();
        if (_shipping is { Metrics: { } channel, Settings.Every: var every })
            builder.AddReader(new PeriodicExportingMetricReader(new OtlpMetrics(channel), (int)every.TotalMilliseconds));
        var provider = builder.Build();
        var pipeline = new ApplicationBuilder(NoServices.Instance);
        pipeline.UseOpenTelemetryPrometheusScrapingEndpoint(provider, static _ => true, null, null, null);
        return new Exporter(provider, pipeline.Build());
    }

    private MetricStreamConfiguration? ViewOf(Instrument instrument)
    {
        if (!_meter.Owns(instrument)) return MetricStreamConfiguration.Drop; // another gateway in this process
        return instrument is Histogram<double>
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Seconds, CardinalityLimit = _series }
            : new MetricStreamConfiguration { CardinalityLimit = _series };
    }

    private sealed record Exporter(MeterProvider Provider, RequestDelegate Answer);

    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
