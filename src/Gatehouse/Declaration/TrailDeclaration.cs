using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Stores;

namespace Gatehouse.Declaration;

/// <summary>Where the trail is kept, and under which keys.</summary>
internal sealed record TrailDeclaration
{
    /// <summary>The file of this one instance; null where instances share a database.</summary>
    public string? File { get; init; }

    /// <summary>The database that instances share; null where it is a file.</summary>
    public PostgresSettings? Postgres { get; init; }

    /// <summary>How long records are kept; null for as long as the store.</summary>
    public required TimeSpan? Retain { get; init; }

    /// <summary>What signs checkpoints.</summary>
    public required CheckpointKey Key { get; init; }

    /// <summary>What checkpoints were signed with before.</summary>
    public required IReadOnlyList<CheckpointVerifier> FormerKeys { get; init; }

    /// <summary>A checkpoint comes after so many records …</summary>
    public required int CheckpointEvery { get; init; }

    /// <summary>… or so long after the first that has none.</summary>
    public required TimeSpan CheckpointWithin { get; init; }

    /// <summary>The folder that gets copies of checkpoints; null for none.</summary>
    public required string? Copies { get; init; }

    /// <summary>Under what is personal in records is kept: the first investigation key, or one made of the key that signs.</summary>
    public required InvestigationKey Subjects { get; init; }

    /// <summary>Where the declaration says so.</summary>
    public required Place Place { get; init; }

    /// <summary>The store, as an instance writes to it.</summary>
    public AuditStore CreateStore(TimeProvider clock) =>
        Postgres is { } shared ? new PostgresAuditStore(shared, new AuditPlaces(clock)) : new SqliteAuditStore(File!);

    /// <summary>Whether the same trail goes on under the other declaration: that of a running gateway cannot be changed.</summary>
    public bool IsSameTrail(TrailDeclaration other) =>
        File == other.File && Postgres?.Identity == other.Postgres?.Identity && Retain == other.Retain && CheckpointEvery == other.CheckpointEvery
            && CheckpointWithin == other.CheckpointWithin && Copies == other.Copies
            && Key.ToString() == other.Key.ToString();
}
