using Gatehouse.Configuration;

namespace Gatehouse.Policies.Limits;

/// <summary>Who counts the calls of a limit.</summary>
internal enum Sharing
{
    /// <summary>Each instance by itself.</summary>
    Local,

    /// <summary>All instances together; each takes small batches ahead of their use.</summary>
    Leased,

    /// <summary>All instances together, call by call.</summary>
    Exact,
}

/// <summary><c>shared</c> of a limit.</summary>
internal static class SharingKey
{
    public static readonly Key<Sharing> Shared = new("shared",
        Shapes.OneOf(("leased", Sharing.Leased), ("exact", Sharing.Exact), ("local", Sharing.Local)),
        "Who counts: all instances together by small batches (leased) or call by call (exact), or each by itself (local). Leased unless written, "
        + "where 'stores' has a redis; local where it has none, and for limits that slide, count what is under way at once, or only report.");

    /// <summary>The limit with what its text says of sharing; null when that could not be read.</summary>
    public static Limit? Complete(SectionReader reader, Limit? limit)
    {
        var shared = reader.Find(Shared);
        if (shared is null) return reader.Has(Shared) ? null : limit;
        if (limit is null || shared.Value.Value == Sharing.Local || limit.CanBeShared)
            return limit is null ? null : limit with { Shared = shared.Value.Value, SharedPlace = shared.Value.Place };
        reader.Complain(Rules.NotYetEnforced, Shared, "a limit that slides, counts what is under way at once, or only reports is not yet shared",
            "each instance counts it by itself: leave 'shared' out");
        return null;
    }
}
