using System.Diagnostics.Metrics;
using Gatehouse.Policies.Overload;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Telemetry;

/// <summary>Counters that alarms are about are there, at 0, before anything happens: an alarm sees what increases, and not what begins.</summary>
public sealed class ZeroTests : IDisposable
{
    private readonly GatehouseMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    [Control("LOG-5", "the first one raises an alarm too")]
    public void Every_security_event_is_counted_from_0_on() =>
        Assert.Equal(Sorted(SecurityEvent.All.Select(e => e.Name)), At0("gatehouse.security.events", "event"));

    [Fact]
    public void Every_outcome_of_a_reload_is_counted_from_0_on() =>
        Assert.Equal(Sorted(Enum.GetValues<ActivationOutcome>().Select(DeclarationWatch.Word).Append("failed")), At0("gatehouse.reloads", "outcome"));

    [Fact]
    public void Every_priority_is_counted_from_0_on() =>
        Assert.Equal(Sorted(Enum.GetValues<Priority>().Select(OverloadKind.Word).Append("any")), At0("gatehouse.overload.shed", "priority"));

    [Fact]
    [Control("LOG-7", "the first loss raises an alarm too")]
    public void Every_reason_for_which_telemetry_is_lost_is_counted_from_0_on()
    {
        _meter.Shipped("logs");
        Assert.Equal(["full", "refused", "stale", "stopped", "too-long"], At0("gatehouse.telemetry.lost", "reason"));
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> words) => words.Order(StringComparer.Ordinal);

    /// <summary>The values of a label for which a counter is at 0, and all of them are.</summary>
    private IEnumerable<string> At0(string counter, string label)
    {
        var found = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (_meter.Owns(instrument) && instrument.Name == counter) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            Assert.Equal(0, value);
            foreach (var tag in tags)
                if (tag.Key == label) found.Add((string)tag.Value!);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return Sorted(found);
    }
}
