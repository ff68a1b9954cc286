using System.Diagnostics.Metrics;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Intake;
using Gatehouse.Policies.Record;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

/// <summary>Whatever clients write, the labels of what is measured are of closed lists.</summary>
public sealed class LabelTests
{
    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData("GET", "GET")]
    [InlineData("PATCH", "PATCH")]
    [InlineData("get", "_OTHER")]
    [InlineData("CANARY", "_OTHER")]
    [InlineData("", "_OTHER")]
    public void Methods_are_of_a_closed_list(string method, string label) => Assert.Equal(label, HttpWords.Methods[HttpWords.PlaceOf(method)]);

    [Theory]
    [InlineData(0, null)]
    [InlineData(99, null)]
    [InlineData(200, 200L)]
    [InlineData(599, 599L)]
    [InlineData(600, null)]
    [InlineData(999, null)]
    public void Statuses_are_those_of_HTTP(int status, object? label) => Assert.Equal(label, HttpWords.LabelOf(status));

    /// <summary>Random paths, methods, hosts and header fields: after the first few exchanges no label has a new value.</summary>
    [Fact]
    [Control("LOG-10", "random paths, methods and hosts")]
    public async Task No_client_can_make_a_new_series()
    {
        var series = new HashSet<string>();
        using var listener = Listen(series);
        var edge = PolicyHarness.Listener();
        var context = _harness.Measured;
        Policy[] policies = [new RecordKind().Compile(edge, context), new IntakeKind().Compile(edge, context)];
        for (var i = 0; i < 50; i++) await EndAsync(policies, i);
        listener.RecordObservableInstruments();
        var before = series.Count;
        for (var i = 50; i < 2000; i++) await EndAsync(policies, i);
        listener.RecordObservableInstruments();
        Assert.Equal(before, series.Count);
        Assert.DoesNotContain(series, s => s.Contains("canary", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(series, s => s.StartsWith("http.server.request.duration http.request.method=_OTHER", StringComparison.Ordinal));
    }

    private async Task EndAsync(Policy[] policies, int i)
    {
        var method = (i % 5) switch { 0 => $"CANARY-{i}", 1 => $"canary-{i}", _ => "GET" };
        var target = (i % 3) switch { 0 => $"/canary-{i}/x?canary={i}", 1 => $"/../canary-{i}", _ => "/orders/17" };
        var host = i % 4 == 0 ? $"canary-{i}.example" : "localhost";
        var exchange = _harness.Exchange(method, target, "127.0.0.1", null, null, ("Host", host), ("User-Agent", $"canary-{i}"));
        exchange.Walk.Begin(policies);
        var verdict = await PolicyPipeline.OnRequestAsync(exchange, policies);
        exchange.Problem = verdict.Problem ?? Problems.NotFound;
        exchange.DecidedBy ??= "route";
        exchange.Status = exchange.Problem.Status;
        Assert.Equal(0, exchange.Walk.OnFinished(exchange));
    }

    private MeterListener Listen(HashSet<string> series)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (_harness.Meter.Owns(instrument)) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => series.Add(Text(instrument, tags)));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => series.Add(Text(instrument, tags)));
        listener.Start();
        return listener;
    }

    private static string Text(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var parts = new List<string> { instrument.Name };
        foreach (var tag in tags) parts.Add($"{tag.Key}={tag.Value}");
        return string.Join(' ', parts);
    }
}
