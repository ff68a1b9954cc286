namespace Gatehouse.Ledger;

/// <summary>What is asked for one caller of one quota.</summary>
/// <param name="Quota">The quota's identity: from the declaration, never from a client.</param>
/// <param name="Who">The caller; what is kept is a digest.</param>
/// <param name="Period">The number of the period by the wall clock.</param>
/// <param name="Latest">The number of the period that may go on, if it was begun before a small step of the clock back; else the same.</param>
/// <param name="Want">Units to reserve, as far as there are any.</param>
/// <param name="Allow">The most that may be spent in a period.</param>
internal readonly record struct LedgerQuestion(string Quota, string Who, long Period, long Latest, long Want, long Allow)
{
    /// <summary>When the latest of the periods ends: some time after that, the row may go.</summary>
    public DateTimeOffset Ends { get; init; }

    /// <summary>What the asker was told last of the period that it goes on with; nothing where it knows of none.</summary>
    public Grant? Known { get; init; }
}

/// <summary>What the ledger says.</summary>
/// <param name="Period">The period that it is about.</param>
/// <param name="Spent">What is spent or reserved in it, by everybody, the reserved units included.</param>
/// <param name="Units">What was reserved for who asked; may be nothing.</param>
internal readonly record struct Grant(long Period, long Spent, long Units)
{
    /// <summary>Of a store that several instances share: which life of the count it is, should the store have lost an earlier one.</summary>
    public long Life { get; init; }

    /// <summary>How often the count has changed in this life.</summary>
    public long Turn { get; init; }
}
