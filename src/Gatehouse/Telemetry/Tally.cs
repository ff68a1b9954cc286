using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Gatehouse.Telemetry;

/// <summary>A count that only grows.</summary>
internal sealed class Tally
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public void Add() => Interlocked.Increment(ref _value);

    public void Add(int count) => Interlocked.Add(ref _value, count);
}

/// <summary>What is counted of the exchanges of one route on one listener. Small: of many routes few are in the processor's cache.</summary>
internal sealed class ExchangeTally
{
    private Counts _byStatusClass;
    private readonly Histogram<double> _durations;
    private long _limitsRefused;
    private long _quotasRefused;
    private long _limitsReported;

    public ExchangeTally(GatehouseMeter meter, string listener, string route)
    {
        (Listener, Route, TimedAs) = (listener, route, route);
        _durations = meter.Durations;
    }

    /// <summary>The labels of the classes; the first is for an exchange that had no answer, because the client had left.</summary>
    public static IReadOnlyList<string> StatusClasses { get; } = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

    public string Listener { get; }

    public string Route { get; }

    /// <summary>What the label <c>route</c> of its durations says: the route, or its api where there are too many routes to time each.</summary>
    public string TimedAs { get; set; }

    public long LimitsRefused => Interlocked.Read(ref _limitsRefused);

    public long QuotasRefused => Interlocked.Read(ref _quotasRefused);

    public long LimitsReported => Interlocked.Read(ref _limitsReported);

    public long Count(int statusClass) => Interlocked.Read(ref _byStatusClass[statusClass]);

    public void Add(int status, TimeSpan duration)
    {
        var statusClass = (uint)status / 100;
        Interlocked.Increment(ref _byStatusClass[statusClass < StatusClasses.Count ? (int)statusClass : 0]);
        if (_durations.Enabled) _durations.Record(duration.TotalSeconds, new("listener", Listener), new("route", TimedAs));
    }

    public void AddLimitRefused() => Interlocked.Increment(ref _limitsRefused);

    public void AddQuotaRefused() => Interlocked.Increment(ref _quotasRefused);

    public void AddLimitReported() => Interlocked.Increment(ref _limitsReported);

    [InlineArray(6)]
    private struct Counts
    {
        private long _first;
    }
}
