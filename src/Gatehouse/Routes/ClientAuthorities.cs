namespace Gatehouse.Routes;

/// <summary>Whose client certificates a listener takes, as declared; paths can be opened.</summary>
/// <param name="Files">PEM files with the authorities.</param>
internal sealed record ClientAuthorities(IReadOnlyList<string> Files)
{
    /// <summary>Files with revocation lists.</summary>
    public IReadOnlyList<string> ListFiles { get; init; } = [];

    /// <summary>Addresses of revocation lists.</summary>
    public IReadOnlyList<string> ListAddresses { get; init; } = [];

    /// <summary>How often the addresses are asked.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>When a certificate passes without a current list; null for never.</summary>
    public StaleAllowance? WhenStale { get; init; }

    /// <summary>Whether there is any list to ask; without one revoked certificates are taken.</summary>
    public bool ChecksRevocation => ListFiles.Count + ListAddresses.Count > 0;
}

/// <summary>Somebody's decision to take certificates while their authority's revocation list is stale or missing.</summary>
/// <param name="Until">The instant from which on it does not hold any longer.</param>
/// <param name="AtMost">How long after a list has become stale.</param>
internal sealed record StaleAllowance(string Reason, string Owner, DateTimeOffset Until, TimeSpan AtMost);
