using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.TestKit;

/// <summary>A collector of OpenTelemetry (OTLP over HTTP) that keeps what it is sent: a real Kestrel, and a reader of its own.</summary>
internal sealed class FakeCollector : IAsyncDisposable
{
    private readonly FakeUpstream _server;
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentQueue<ReceivedLog> _logs = new();
    private readonly ConcurrentDictionary<string, ProtoMessage> _metrics = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<ProtoMessage> _metricRecords = new();
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> _resources = new();
    private int _requests;

    private FakeCollector(FakeUpstream server)
    {
        _server = server;
        server.On("/v1/traces", http => TakeAsync(http, Traces), readsBody: true)
            .On("/v1/logs", http => TakeAsync(http, Logs), readsBody: true)
            .On("/v1/metrics", http => TakeAsync(http, Metrics), readsBody: true)
            .Otherwise(static http =>
            {
                http.Response.StatusCode = 404;
                return Task.CompletedTask;
            });
    }

    public Uri Address => _server.Address;

    /// <summary>Requests that have come, whatever became of them.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>What it answers; nothing is kept of what is not answered with a 2xx. May wait.</summary>
    public Func<HttpContext, Task<int>> Answer { get; set; } = static _ => Task.FromResult(200);

    /// <summary>What a 200 or 202 says.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>Header fields of the last request.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyList<ReceivedSpan> SpansReceived => [.. _spans];

    public IReadOnlyList<ReceivedLog> LogsReceived => [.. _logs];

    public IReadOnlyList<IReadOnlyDictionary<string, string>> Resources => [.. _resources];

    /// <summary>The last value of each metric (<c>Metric</c> of OTLP).</summary>
    public IReadOnlyDictionary<string, ProtoMessage> MetricsReceived => _metrics;

    /// <summary>Every record of a metric that has come: one of many points comes in several.</summary>
    public IReadOnlyList<ProtoMessage> MetricRecords => [.. _metricRecords];

    public static async Task<FakeCollector> StartAsync(X509Certificate2? certificate = null) =>
        new(await FakeUpstream.StartAsync(certificate: certificate));

    /// <summary>The first span that is wanted, as soon as it is there.</summary>
    public async Task<ReceivedSpan> SpanAsync(Func<ReceivedSpan, bool> wanted, CancellationToken cancel)
    {
        await Eventually.HoldsAsync(() => Task.FromResult(_spans.Any(wanted)), cancel);
        return _spans.First(wanted);
    }

    public async Task<ReceivedLog> LogAsync(Func<ReceivedLog, bool> wanted, CancellationToken cancel)
    {
        await Eventually.HoldsAsync(() => Task.FromResult(_logs.Any(wanted)), cancel);
        return _logs.First(wanted);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task TakeAsync(HttpContext http, Action<ProtoMessage> take)
    {
        Interlocked.Increment(ref _requests);
        using var copy = new MemoryStream();
        await http.Request.Body.CopyToAsync(copy, http.RequestAborted);
        Headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        http.Response.StatusCode = await Answer(http);
        if (http.Response.StatusCode is < 200 or > 299) return;
        foreach (var resource in ProtoMessage.Parse(copy.ToArray()).Messages(1))
        {
            _resources.Enqueue(resource.Message(1).Attributes(1));
            foreach (var scope in resource.Messages(2))
                foreach (var record in scope.Messages(2)) take(record);
        }

        if (http.Response.StatusCode == 204) return;
        http.Response.ContentType = "application/x-protobuf";
        await http.Response.Body.WriteAsync(Body);
    }

    private void Traces(ProtoMessage span) => _spans.Enqueue(new ReceivedSpan(
        span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), (int)span.Number(6), span.Attributes(9), span.Number(7), span.Number(8))
    {
        IsError = span.Has(15) && span.Message(15).Number(3) == 2,
    });

    private void Logs(ProtoMessage log) =>
        _logs.Enqueue(new ReceivedLog(log.Text(12), log.Message(5).Text(1), log.Hex(9), log.Hex(10), (int)log.Number(2)));

    private void Metrics(ProtoMessage metric)
    {
        _metrics[metric.Text(1)] = metric;
        _metricRecords.Enqueue(metric);
    }
}

/// <param name="Parent">Empty for none.</param>
/// <param name="Kind">2 is a server's, 3 a client's.</param>
internal sealed record ReceivedSpan(
    string Trace, string Span, string Parent, string Name, int Kind, IReadOnlyDictionary<string, string> Attributes, ulong Start, ulong End)
{
    public bool IsError { get; init; }

    public string? this[string attribute] => Attributes.GetValueOrDefault(attribute);
}

internal sealed record ReceivedLog(string Name, string Body, string Trace, string Span, int Severity);
