namespace Gatehouse.Stores;

/// <summary>
/// What is asked about one cell: to charge calls to it, to lease some more, or both. All times in units of <see cref="CellScript.UnitsPerSecond"/>.
/// </summary>
/// <param name="Key">The cell's key, made by <see cref="StoreKeys"/>.</param>
/// <param name="Interval">The time in which one call comes back.</param>
/// <param name="Window">The most that a cell may be ahead of the store's clock.</param>
/// <param name="Cost">Calls without which nothing is charged to any cell of the question; less than nothing gives back.</param>
/// <param name="Extra">Calls that are leased on top, as far as there are any.</param>
internal readonly record struct CellAsk(byte[] Key, long Interval, long Window, long Cost, long Extra)
{
    /// <summary>What the asker knows to be used: it counts when the store knows nothing of the cell, because it was emptied.</summary>
    public long Floor { get; init; }

    /// <summary>What the asker has allowed alone while the store was lost: it is charged whatever else is decided.</summary>
    public long Owed { get; init; }
}

/// <summary>What the store says about one cell.</summary>
/// <param name="Granted">Calls that were leased.</param>
/// <param name="Used">How far the cell is ahead of the store's clock after the question, in units.</param>
internal readonly record struct CellState(long Granted, long Used);

/// <summary>Why there is no answer.</summary>
internal enum NoAnswer
{
    None,

    /// <summary>The store is lost, and was not asked.</summary>
    Lost,

    /// <summary>It was asked and took too long.</summary>
    Slow,

    /// <summary>There is no connection, or it ended.</summary>
    Gone,

    /// <summary>It answered with an error.</summary>
    Failed,

    /// <summary>Too many questions are under way already.</summary>
    Busy,
}

/// <summary>An answer to a whole question.</summary>
/// <param name="Passes">Whether every cell had what the question costs; otherwise no cost and no lease was charged to any.</param>
/// <param name="Cells">In the order of the question; empty without an answer.</param>
internal readonly record struct StoreAnswer(bool Passes, CellState[] Cells, NoAnswer Why)
{
    public bool IsThere => Why == NoAnswer.None;

    public static StoreAnswer Without(NoAnswer why) => new(false, [], why);
}
