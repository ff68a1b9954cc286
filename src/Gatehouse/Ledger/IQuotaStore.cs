namespace Gatehouse.Ledger;

/// <summary>
/// Where what is spent of quotas is kept: the file of one instance, or what several instances share. Whoever spends has reserved there before.
/// </summary>
internal interface IQuotaStore
{
    /// <summary>Whether nothing can be reserved at the moment.</summary>
    bool IsFailing { get; }

    /// <summary>Asks. The answer comes on any thread, or at once on this one; null says that there is none.</summary>
    void Ask(LedgerQuestion question, Action<Grant?> answered);

    /// <summary>Gives back what was reserved and not spent: less than nothing is wanted. Where that cannot be kept, it counts as spent.</summary>
    void Return(LedgerQuestion question);
}
