using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// How many attempts an upstream may be sent besides the first ones: a share of the exchanges of the last while, and always a few, so that an
/// upstream with few calls has some too. So a service that fails altogether is asked a little more than by its callers, and not several times as
/// much.
/// </summary>
internal sealed class RetryBudget(TimeProvider clock)
{
    /// <summary>How many there may be within the window whatever the share is.</summary>
    public const int Always = 3;

    private readonly SlidingCounts _counts = new(clock, TimeSpan.FromSeconds(10));

    /// <summary>Counts an exchange.</summary>
    public void Count() => _counts.Add(1, 0);

    /// <summary>Takes a further attempt, if there is one left.</summary>
    public bool TryTake(Share share) => _counts.TryAddSome(Always, share.Fraction);
}
