using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration;

/// <summary>Where the trail is kept, and under which keys.</summary>
internal sealed record TrailDeclaration
{
    /// <summary>The file.</summary>
    public required string Store { get; init; }

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

    /// <summary>Whether the same trail goes on under the other declaration: that of a running gateway cannot be changed.</summary>
    public bool IsSameTrail(TrailDeclaration other) =>
        Store == other.Store && CheckpointEvery == other.CheckpointEvery && CheckpointWithin == other.CheckpointWithin && Copies == other.Copies
            && Key.ToString() == other.Key.ToString();
}
