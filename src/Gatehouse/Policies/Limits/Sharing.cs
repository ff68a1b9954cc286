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

    public static readonly Key<Sharing> OfQuota = new("shared", Shared.Shape,
        "Who counts: all instances together, with small batches reserved ahead (leased) or call by call (exact), in the redis of 'stores'; or each by "
        + "itself (local), in its file. Local unless written.");

    /// <summary>The quota with what its text says of sharing; null when that could not be read.</summary>
    public static Limit? CompleteQuota(SectionReader reader, Limit? quota)
    {
        var shared = reader.Find(OfQuota);
        if (shared is null) return reader.Has(OfQuota) ? null : quota;
        if (quota is not { ReportOnly: true } || shared.Value.Value != Sharing.Exact)
            return quota is null ? null : quota with { Shared = shared.Value.Value, SharedPlace = shared.Value.Place };
        reader.Complain(Rules.Contradiction, OfQuota, "a quota that only reports keeps no call waiting, and so cannot be counted call by call",
            "shared: leased");
        return null;
    }

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
