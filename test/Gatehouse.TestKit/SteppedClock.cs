using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.TestKit;

/// <summary>A clock whose time of day can be put forward or back, while the time that passes is another matter.</summary>
internal sealed class SteppedClock() : FakeTimeProvider(TimeProvider.System.GetUtcNow())
{
    /// <summary>By how much the time of day is ahead of where it would be.</summary>
    public TimeSpan Step { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

    public override long GetTimestamp() => base.GetUtcNow().Ticks; // what passes is not touched by it
}
