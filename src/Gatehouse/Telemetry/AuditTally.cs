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
}
