using Gatehouse.Configuration;

namespace Gatehouse.Upstreams;

/// <summary>How calls are sent again that failed.</summary>
/// <param name="Attempts">How often one call is sent at most, the first time included.</param>
/// <param name="Causes">After what it is sent again.</param>
/// <param name="Budget">How many calls may be, as a share of all.</param>
/// <param name="Backoff">The longest wait before the second attempt.</param>
internal sealed record RetryRules(int Attempts, RetryCauses Causes, Share Budget, TimeSpan Backoff)
{
    public static RetryRules Usual { get; } =
        new(2, RetryCauses.Unavailable | RetryCauses.Reset, Share.Percent(10), TimeSpan.FromMilliseconds(25));

    /// <summary>The longest wait before the attempt that follows so many.</summary>
    public TimeSpan BackoffAfter(int attempts) => Backoff * (1 << (attempts - 1));
}

/// <summary>What makes a call fail so that another attempt may succeed.</summary>
[Flags]
internal enum RetryCauses
{
    None = 0,

    /// <summary>It was answered by 502, 503 or 504.</summary>
    Unavailable = 1,

    /// <summary>The connection broke before the answer's head was whole.</summary>
    Reset = 2,

    /// <summary>There was no head in time.</summary>
    Timeout = 4,
}
