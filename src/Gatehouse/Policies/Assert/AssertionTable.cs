using System.Collections.Concurrent;
using Gatehouse.Consumers;

namespace Gatehouse.Policies.Assert;

/// <summary>Whose assertion, and for what: compared by value, so that another token of the same person and another snapshot find the same.</summary>
/// <param name="place">What does not depend on the caller, with its hash.</param>
internal readonly struct AssertionId(CallerIdentity caller, string place, int placeHash) : IEquatable<AssertionId>
{
    private readonly CallerIdentity _caller = caller;
    private readonly string _place = place;
    private readonly int _hash = HashCode.Combine(caller.GetHashCode(), placeHash);

    public bool Equals(AssertionId other) =>
        _hash == other._hash && _caller.Equals(other._caller) && string.Equals(_place, other._place, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is AssertionId other && Equals(other);

    public override int GetHashCode() => _hash;
}

/// <summary>
/// An assertion and its times, in ticks of UTC. Until half of its life it is used as it is; then one exchange makes the next while the others
/// use it on; in its last quarter nobody uses it, because it has still to reach the backend.
/// </summary>
internal sealed class HeldAssertion(string text, long made, long ends)
{
    private int _renewing;

    public string Text { get; } = text;

    public long Made { get; } = made;

    public long RenewAt { get; } = made + ((ends - made) / 2);

    public long StaleAt { get; } = ends - ((ends - made) / 4);

    public long Ends { get; } = ends;

    /// <summary>True for the first who asks.</summary>
    public bool TakeRenewal() => Volatile.Read(ref _renewing) == 0 && Interlocked.Exchange(ref _renewing, 1) == 0;
}

/// <summary>
/// The assertions that are in use, for all snapshots of the process. Bounded: who finds no place is given an assertion for each exchange, which is
/// slower and never wrong.
/// </summary>
internal sealed class AssertionTable(int most = 50_000)
{
    private static readonly long SweepEvery = TimeSpan.FromSeconds(30).Ticks;
    private static readonly long SweepFullEvery = TimeSpan.FromSeconds(1).Ticks;

    private readonly ConcurrentDictionary<AssertionId, HeldAssertion> _held = new();
    private long _sweptAt;
    private int _count; // ConcurrentDictionary counts by taking every lock

    public int Count => Volatile.Read(ref _count);

    /// <summary>The assertion that is to be used; null when the caller has to make one.</summary>
    /// <param name="expires">The end of what proved who calls now: another of the caller's credentials may end later.</param>
    public string? Find(in AssertionId id, long now, long expires)
    {
        if (!_held.TryGetValue(id, out var held) || now < held.Made || now >= held.StaleAt || held.Ends > expires) return null;
        return now < held.RenewAt || !held.TakeRenewal() ? held.Text : null;
    }

    public void Keep(in AssertionId id, HeldAssertion made)
    {
        SweepIfDue(made.Made);
        if (_held.TryGetValue(id, out var before))
        {
            if (before.Ends != made.Ends || before.StaleAt <= made.Made) _held.TryUpdate(id, made, before);
            return;
        }

        if (Interlocked.Increment(ref _count) > most || !_held.TryAdd(id, made)) Interlocked.Decrement(ref _count);
    }

    /// <summary>Drops what has ended; by one thread, seldom.</summary>
    private void SweepIfDue(long now)
    {
        var last = Volatile.Read(ref _sweptAt);
        if (now >= last && now - last < (Count < most ? SweepEvery : SweepFullEvery)) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, last) != last) return;
        foreach (var entry in _held)
            if ((entry.Value.StaleAt <= now || entry.Value.Made > now) && _held.TryRemove(entry)) Interlocked.Decrement(ref _count);
    }
}
