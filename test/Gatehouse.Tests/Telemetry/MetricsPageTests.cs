using System.Diagnostics.Metrics;
using System.Text;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tests.Runtime;
using Gatehouse.Tests.Tidy;

namespace Gatehouse.Tests.Telemetry;

/// <summary>The reference page of the metrics says what is measured: every instrument is made, counted with once, and asked.</summary>
public sealed class MetricsPageTests
{
    [Fact]
    public void Metrics_page_lists_every_instrument_with_its_labels()
    {
        using var meter = new GatehouseMeter();
        var instruments = new SortedDictionary<string, Instrument>(StringComparer.Ordinal);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (!meter.Owns(instrument)) return;
                instruments.Add(instrument.Name, instrument);
                self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => labels[instrument.Name] = NamesOf(tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => labels[instrument.Name] = NamesOf(tags));
        listener.Start();

        var tally = meter.Exchanges("edge", "orders/get-order");
        tally.Add(200, TimeSpan.FromMilliseconds(1));
        tally.AddLimitRefused();
        tally.AddLimitReported();
        tally.AddQuotaRefused();
        meter.Refusals("not-found", "route").Add();
        meter.SecurityEvents("new-network").Add();
        meter.Shipped("logs").AddLost(0, 1);
        meter.Http.End(meter.Http.Begin("GET", tls: true));
        meter.Http.Served(TimeSpan.Zero, "GET", tls: true, "/orders/{id}", 502, "2", "upstream-failed");
        meter.Http.Sent(TimeSpan.Zero, "GET", "10.0.3.1", 5101L, 502, null);
        meter.RefusedConnections("edge", "too many connections").Add();
        meter.CutConnections("edge", "idle").Add();
        meter.Guesses("edge", "credentials-guessed").Add();
        meter.Reloads("activated").Add();
        meter.EndingCertificates("edge", "7d").Add();
        meter.SoftenedCertificates("edge").Add();
        meter.CertificateEnds = () => [new Measurement<double>(1, new("listener", "edge"), new("of", "certificate"))];
        meter.KeyFetches("customers", "ok").Add();
        meter.UpstreamChanges("orders", "down").Add();
        meter.Retries("orders", "reset").Add();
        meter.RetriesWithheld("orders", "budget").Add();
        meter.Mirrors("orders", "sent").Add();
        meter.CanaryChanges("orders-next", "reverted").Add();
        meter.UpstreamsUsable = () => [new Measurement<long>(1, new("upstream", "orders"), new("destination", "https://10.0.3.1:5101"))];
        meter.CircuitsOpen = () => [new Measurement<long>(0, new KeyValuePair<string, object?>("upstream", "orders"))];
        meter.Store("redis").Question(0);
        meter.Shed("low").Add();
        meter.Register.Age = static () => TimeSpan.FromSeconds(1);
        meter.LastGoodAge = static () => TimeSpan.FromMinutes(1);
        listener.RecordObservableInstruments();

        var page = new StringBuilder("# Metrics\n\n`/metrics` of the administration listener, in the text format of Prometheus: dots become underscores, counters end in `_total`. ")
            .Append("Labels come from the declaration and from closed lists, never from a client.\n\n| name | kind | unit | labels | says |\n|---|---|---|---|---|\n");
        foreach (var (name, instrument) in instruments)
            page.Append($"| `{name}` | {KindOf(instrument)} | {instrument.Unit} | {labels[name]} | {instrument.Description} |\n");
        ReferencePage.Compare("metrics.md", page.ToString());
    }

    /// <summary>Sixteen series for each of many routes would be more than what reads them can hold.</summary>
    [Theory]
    [InlineData(GatehouseMeter.MostTimedRoutes, "stock/get-stock", "stock/get-stock")]
    [InlineData(GatehouseMeter.MostTimedRoutes + 1, "stock/get-stock", "stock/*")]
    public void Times_each_route_or_of_many_each_api(int routes, string route, string timedAs)
    {
        var harness = new PolicyHarness();
        var more = new StringBuilder("    routes:\n");
        for (var i = 1; i < routes; i++)
            more.Append("      more").Append(i).Append(": { match: GET /more").Append(i)
                .Append(", exposure: public, effect: read, personalData: none, ")
                .Append("access: { anonymous: a test }, limits: [ { per: address, allow: 60, every: 1m } ] }\n");
        var loaded = SmallLoad.With(harness.Clock, "    routes:\n", more.ToString());
        var compiler = new SnapshotCompiler(harness.Clock, harness.State, harness.AccessLog, harness.Meter, PolicyCatalog.AfterRoute);
        var table = compiler.Compile(loaded.Definition!, 1).Listeners[0].Routes;
        Assert.Equal(routes, table.Routes.Count);
        var tally = table.Routes.Single(r => r.Route.Id.Value == route).Tally!;
        Assert.Equal((route, timedAs), (tally.Route, tally.TimedAs));
    }

    private static string KindOf(Instrument instrument) =>
        instrument is Histogram<double> ? "histogram"
        : instrument is ObservableGauge<double> or ObservableGauge<long> or ObservableUpDownCounter<long> ? "gauge"
        : instrument.IsObservable ? "counter" : "other";

    private static string NamesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var names = new List<string>();
        foreach (var tag in tags) names.Add($"`{tag.Key}`");
        return string.Join(", ", names);
    }
}
