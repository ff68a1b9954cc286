using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Gatehouse.Admin;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.TestKit;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Gatehouse.Tests.Telemetry.Otlp;

/// <summary>Metrics on their way to a collector: the reader of OpenTelemetry, the exporter, the channel and a server that takes what comes.</summary>
public sealed class OtlpMetricsTests : IAsyncLifetime
{
    private const int Most = 10_000;
    private readonly GatehouseMeter _counts = new();
    private readonly Meter _meter = new("a test");
    private FakeCollector _collector = null!;
    private OtlpShipping _shipping = null!;
    private MeterProvider? _provider;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _collector = await FakeCollector.StartAsync();
        var settings = new OtlpSettings(new Uri(_collector.Address.GetLeftPart(UriPartial.Authority)), OtlpSignals.Metrics);
        var events = new EventWriter(TextWriter.Null, TimeProvider.System);
        _shipping = new OtlpShipping(settings, OtlpResource.Of("shop", "test", "1", null), _counts, events, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _provider?.Dispose();
        await _shipping.DisposeAsync();
        await _collector.DisposeAsync();
        _meter.Dispose();
        _counts.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Control("LOG-7", "metrics of many series")]
    public async Task A_metric_that_is_too_much_for_one_record_comes_whole_in_several(bool histogram)
    {
        const int series = 2_500;
        Listen(Most);
        var more = new string('x', 250);
        var counter = _meter.CreateCounter<long>("calls", "{call}", "How many there were.");
        var durations = _meter.CreateHistogram<double>("durations", "s", "How long they took.");
        for (var i = 0; i < series; i++)
        {
            var tags = new TagList
            {
                { "number", i.ToString(CultureInfo.InvariantCulture) }, { "a", more }, { "b", more }, { "c", more }, { "d", more },
            };
            if (histogram) durations.Record(0.5, tags);
            else counter.Add(3, tags);
        }

        Flush();
        await Eventually.HoldsAsync(() => Task.FromResult(Points(histogram).Count() == series), Cancel);

        Assert.Equal(series, Points(histogram).Select(p => p.Attributes(histogram ? 9 : 7)["number"]).Distinct().Count());
        Assert.All(Points(histogram), p => Assert.Equal(histogram ? 1ul : 3ul, p.Number(histogram ? 4 : 6)));
        var records = _collector.MetricRecords;
        Assert.InRange(records.Count, 2, 20);
        foreach (var record in records)
        {
            Assert.Equal(histogram ? ("durations", "How long they took.", "s") : ("calls", "How many there were.", "{call}"),
                (record.Text(1), record.Text(2), record.Text(3)));
            Assert.Equal(2ul, record.Message(histogram ? 9 : 7).Number(2)); // each is cumulative, and a sum only grows
            Assert.Equal(histogram ? 0ul : 1ul, record.Message(histogram ? 9 : 7).Number(3));
        }

        Assert.Equal(0, _counts.Shipped("metrics").Lost);
    }

    [Fact]
    [Control("LOG-7", "points of metrics that the collector does not take")]
    public async Task What_the_collector_says_it_did_not_take_is_counted_in_points()
    {
        _collector.Body = [0x0a, 0x02, 0x08, 0x03]; // partial_success { rejected_data_points: 3 }
        Listen(Most);
        var counter = _meter.CreateCounter<long>("calls");
        for (var i = 0; i < 5; i++) counter.Add(1, new KeyValuePair<string, object?>("number", i));

        Flush();
        await Eventually.HoldsAsync(() => Task.FromResult(_counts.Shipped("metrics").Lost > 0), Cancel);

        Assert.Equal((2L, 3L), (_counts.Shipped("metrics").Sent, _counts.Shipped("metrics").Lost));
    }

    [Theory]
    [InlineData(200, 3)]
    [InlineData(202, 3)]
    [InlineData(204, 0)] // has no body, so it takes all
    [InlineData(302, 5)]
    [InlineData(400, 5)]
    public async Task Every_answer_that_says_taken_is_taken_and_no_other(int status, int lost)
    {
        _collector.Answer = _ => Task.FromResult(status);
        _collector.Body = [0x0a, 0x02, 0x08, 0x03];
        Listen(Most);
        var counter = _meter.CreateCounter<long>("calls");
        for (var i = 0; i < 5; i++) counter.Add(1, new KeyValuePair<string, object?>("number", i));

        Flush();
        var tally = _counts.Shipped("metrics");
        await Eventually.HoldsAsync(() => Task.FromResult(tally.Sent + tally.Lost == 5), Cancel);

        Assert.Equal(lost, tally.Lost);
        Assert.Equal(1, _collector.Requests);
    }

    [Fact]
    public async Task Series_beyond_the_bound_come_as_one_that_says_so_by_a_truth()
    {
        Listen(10);
        var counter = _meter.CreateCounter<long>("calls");
        for (var i = 0; i < 30; i++) counter.Add(1, new KeyValuePair<string, object?>("number", i));

        Flush();
        await Eventually.HoldsAsync(() => Task.FromResult(_collector.MetricRecords.Count == 1), Cancel);

        var overflow = Assert.Single(Points(histogram: false), p => p.Attributes(7).ContainsKey("otel.metric.overflow"));
        Assert.Equal("true", overflow.Attributes(7)["otel.metric.overflow"]);
        Assert.True(overflow.Message(7).Message(2).Has(2)); // a bool_value, and no text
    }

    private void Listen(int series) => _provider = Sdk.CreateMeterProviderBuilder()
        .AddMeter(_meter.Name)
        .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = series })
        .AddReader(new BaseExportingMetricReader(new OtlpMetrics(_shipping.Metrics!)))
        .Build();

    private void Flush() => Assert.True(_provider!.ForceFlush());

    private IEnumerable<ProtoMessage> Points(bool histogram) =>
        _collector.MetricRecords.SelectMany(r => r.Messages(histogram ? 9 : 7)).SelectMany(d => d.Messages(1));
}
