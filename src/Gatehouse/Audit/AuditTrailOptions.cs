using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>How a trail is kept.</summary>
internal sealed record AuditTrailOptions
{
    /// <summary>The gateway's name in the declaration: the first part of what checkpoints are about.</summary>
    public required string Gateway { get; init; }

    /// <summary>The instance: letters of ASCII, digits, dots, hyphens and underscores, at most 64.</summary>
    public required string Instance { get; init; }

    /// <summary>Under which checkpoints are signed; null for none, and then nobody can prove anything to somebody else.</summary>
    public CheckpointKey? Key { get; init; }

    /// <summary>Keys under which checkpoints were signed before <see cref="Key"/>.</summary>
    public IReadOnlyList<CheckpointVerifier> FormerKeys { get; init; } = [];

    /// <summary>A checkpoint comes after this many records …</summary>
    public int CheckpointEvery { get; init; } = 1_000;

    /// <summary>… or this long after the first record that has none.</summary>
    public TimeSpan CheckpointAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The folder that checkpoints are copied to; null for none.</summary>
    public string? Copies { get; init; }

    /// <summary>For how long the content of records is kept; null for ever.</summary>
    public TimeSpan? Retain { get; init; }

    /// <summary>Whether the clock can be believed: by one that was put forward nothing is too old.</summary>
    public Func<bool> IsClockInStep { get; init; } = static () => true;

    /// <summary>Gets a copy of each record's line once it is durable, without what is personal; null for nobody.</summary>
    public LineSink? Shipped { get; init; }

    /// <summary>Bytes of records that wait at most, in each of two buffers.</summary>
    public int QueueBytes { get; init; } = 4 << 20;

    /// <summary>For how long somebody waits for a record to be durable. After that the trail counts as not writable.</summary>
    public TimeSpan WriteWithin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For how long records that nobody waits for are gathered before they are written.</summary>
    public TimeSpan GatherFor { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long after a failure the store is opened anew.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);
}
