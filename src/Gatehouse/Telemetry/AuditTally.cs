using System.Diagnostics.Metrics;

namespace Gatehouse.Telemetry;

/// <summary>What is counted of the audit trail.</summary>
internal sealed class AuditTally
{
    private bool _isLost;

    /// <summary>Records that became durable.</summary>
    public Tally Records { get; } = new();

    /// <summary>Transactions: each made all its records durable at once.</summary>
    public Tally Commits { get; } = new();

    /// <summary>Times that it could not be written, or not in time.</summary>
    public Tally Failures { get; } = new();

    /// <summary>Records that were not taken.</summary>
    public Tally NotTaken { get; } = new();

    /// <summary>Whether it cannot be written at the moment.</summary>
    public bool IsLost
    {
        get => Volatile.Read(ref _isLost);
        set => Volatile.Write(ref _isLost, value);
    }

    /// <summary>Says how many copies of checkpoints failed; null where none are made.</summary>
    public Func<long>? CopyFailures { get; set; }

    /// <summary>Its instruments.</summary>
    public void Register(Meter meter)
    {
        meter.CreateObservableCounter("gatehouse.audit.records", () => Records.Value, null, "Records of the audit trail that became durable.");
        meter.CreateObservableCounter("gatehouse.audit.commits", () => Commits.Value, null, "Transactions of the audit trail: each made all its records durable at once.");
        meter.CreateObservableCounter("gatehouse.audit.failures", () => Failures.Value, null, "Times that the audit trail could not be written, or not in time.");
        meter.CreateObservableCounter("gatehouse.audit.nottaken", () => NotTaken.Value, null, "Records that the audit trail did not take.");
        meter.CreateObservableCounter("gatehouse.audit.copies.failed", () => CopyFailures?.Invoke() ?? 0, null,
            "Copies of checkpoints of the audit trail that failed.");
        meter.CreateObservableGauge("gatehouse.audit.lost", () => IsLost ? 1L : 0L, null, "1 while the audit trail cannot be written, else 0.");
    }
}
