using System.Diagnostics.Metrics;

namespace Gatehouse.Telemetry;

/// <summary>What is measured of a register of keys and suspensions; nothing where there is none.</summary>
internal sealed class RegisterTally
{
    private readonly Tally _losses = new();
    private readonly Tally _finds = new();
    private readonly Tally _agings = new();
    private bool _lost;

    public RegisterTally(Meter meter)
    {
        meter.CreateObservableGauge("gatehouse.register.age", ReadAge, "s",
            "How long ago the register's store last confirmed what this instance knows of keys and suspensions.");
        meter.CreateObservableGauge("gatehouse.register.lost", ReadLost, null, "1 while the register's store cannot be read, else 0.");
        meter.CreateObservableCounter("gatehouse.register.changes", ReadChanges, null,
            "Times that the register's store was lost, that it was found again, and that what was known became too old for issued keys.");
    }

    /// <summary>Says how old what is known is; null where there is no register, or nothing is known of it.</summary>
    public Func<TimeSpan?>? Age { get; set; }

    public void Lost()
    {
        Volatile.Write(ref _lost, true);
        _losses.Add();
    }

    public void Found()
    {
        Volatile.Write(ref _lost, false);
        _finds.Add();
    }

    public void Aged(bool tooOld)
    {
        if (tooOld) _agings.Add();
    }

    private IEnumerable<Measurement<double>> ReadAge() => Age?.Invoke() is { } age ? [new(age.TotalSeconds)] : [];

    private IEnumerable<Measurement<long>> ReadLost() => Age is null ? [] : [new(Volatile.Read(ref _lost) ? 1 : 0)];

    private IEnumerable<Measurement<long>> ReadChanges() => Age is null ? [] :
    [
        new(_losses.Value, new KeyValuePair<string, object?>("to", "lost")),
        new(_finds.Value, new KeyValuePair<string, object?>("to", "found")),
        new(_agings.Value, new KeyValuePair<string, object?>("to", "old")),
    ];
}
