using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.Services;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.Tokens;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs an exchange to be told: its line and the gateway's own metrics alone, with metrics of HTTP, and traced.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks : IAsyncDisposable
{
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);
    private readonly GatehouseMeter _meter = new();
    private Policy _policy = null!;
    private Exchange _exchange = null!;
    private MeterProvider _provider = null!;
    private OtlpShipping _shipping = null!;

    [Params("line", "http metrics", "not sampled", "sampled", "shipped line")]
    public string Told { get; set; } = "";

    [GlobalSetup]
    public void Begin()
    {
        _silent.Start(); // a collector that never answers: what is measured is the exchange's part
        var settings = new OtlpSettings(new Uri($"http://{_silent.LocalEndpoint}"), OtlpSignals.Traces | OtlpSignals.Logs);
        var events = new EventWriter(TextWriter.Null, TimeProvider.System);
        _shipping = new OtlpShipping(settings, OtlpResource.Of("shop", "bench", "1", null), _meter, events, TimeProvider.System);
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(GatehouseMeter.Name)
            .AddReader(new PeriodicExportingMetricReader(new Nowhere(), int.MaxValue)).Build();
        var context = new CompileContext
        {
            Clock = TimeProvider.System,
            State = new StateStore(),
            Consumers = new ConsumerDirectory([], []),
            Routes = new Dictionary<RouteId, Route>(),
            Pepper = null,
            Tokens = new TokenVerifier(),
            Authorisers = new Dictionary<string, Authoriser>(),
            TokenExchanges = new Dictionary<string, TokenExchange>(),
            Meter = _meter,
            AccessLog = Told == "shipped line" ? _shipping.Logs("gatehouse.access")! : new NoLines(),
            HttpMetrics = Told == "http metrics",
            Traces = Told.EndsWith("sampled", StringComparison.Ordinal) ? TraceRules.Usual : null,
            Spans = _shipping.Spans,
        };
        var listener = new Listener
        {
            Name = "edge",
            Address = new IPEndPoint(IPAddress.Loopback, 8080),
            Serves = new HashSet<Exposure> { Exposure.Public },
            Hosts = [],
            Networks = null,
            Proxies = null,
            Protocols = Protocols.Http1,
            Tls = null,
            Intake = new IntakeLimits(),
            Place = new Place("bench.yaml", 1, 1),
        };
        _policy = new RecordKind().Compile(listener, context);
        var http = new DefaultHttpContext { Request = { Method = "GET", Protocol = "HTTP/1.1" } };
        var peer = new PeerAddress(IPAddress.Parse("192.0.2.1"));
        _exchange = new Exchange(http, listener, 1, 0, "01M8A45X6NK44DKHMDSA7QDZ4S", peer) { Host = "localhost" };
        _exchange.TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        _exchange.Status = 200;
        if (context.Traces is null) return;
        _exchange.Trace = new ExchangeTrace(new UInt128(1, 2), 3, 4, Told == "sampled");
        _exchange.Trace.Send("orders", new Uri("http://10.0.3.1:5101"), 1).End(2, 200, null);
    }

    [GlobalCleanup]
    public Task EndAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        _provider.Dispose();
        await _shipping.DisposeAsync();
        _meter.Dispose();
        _silent.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public ValueTask<Verdict> Record()
    {
        var verdict = _policy.OnRequestAsync(_exchange);
        _policy.OnFinished(_exchange);
        return verdict;
    }

    private sealed class Nowhere : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }
}
