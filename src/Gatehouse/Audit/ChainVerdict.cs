namespace Gatehouse.Audit;

/// <summary>What was found of a chain.</summary>
internal sealed class ChainVerdict(AuditChain chain)
{
    public AuditChain Chain { get; } = chain;

    /// <summary>The first thing that is wrong; null where nothing is.</summary>
    public ChainFault? Fault { get; set; }

    /// <summary>The last record that holds.</summary>
    public long Last { get; set; }

    /// <summary>The last record under a checkpoint that holds.</summary>
    public long Signed { get; set; }

    /// <summary>When that checkpoint was made.</summary>
    public DateTimeOffset SignedAt { get; set; }

    /// <summary>Checkpoints that hold, those in the second place counted too.</summary>
    public int Checkpoints { get; set; }

    /// <summary>Whether it has checkpoints, and the second place was looked at and has none of them.</summary>
    public bool IsNotCopied { get; set; }

    /// <summary>Records whose content was taken out when their time was over: their hashes hold.</summary>
    public long Withdrawn { get; set; }

    /// <summary>Personal values that are not there any more.</summary>
    public long Erased { get; set; }

    /// <summary>Personal values that are there, and are those of their records.</summary>
    public long Personal { get; set; }

    /// <summary>The origin of the chain in another file that this one follows on, as its first record says; null for none.</summary>
    public string? Follows { get; set; }

    /// <summary>Records that say that records are missing.</summary>
    public int Gaps { get; set; }

    /// <summary>Records that say that a run did not stop in good order.</summary>
    public int Repairs { get; set; }

    /// <summary>Intents without an outcome that nobody has closed.</summary>
    public int Open { get; set; }

    /// <summary>Whether the chain ends with a run that stopped in good order.</summary>
    public bool IsStopped { get; set; }
}

/// <summary>Where a chain does not hold.</summary>
/// <param name="Sequence">The first record that is not what it was, or is not there.</param>
/// <param name="What">How that is known: a constant text with numbers.</param>
internal sealed record ChainFault(long Sequence, string What);
