namespace Gatehouse.Upstreams;

/// <summary>What the declarations of one upstream share that follow one another: only the one in force leaves destinations out.</summary>
internal sealed class Ejections
{
    public Lock Gate { get; } = new();

    /// <summary>Null until one has come into force; then each may.</summary>
    public DestinationHealth? InForce { get; set; }
}

/// <summary>
/// Leaves destinations out that fail again and again: each for a growing time, and never so many that the others would have to carry what they
/// cannot. What is counted lives in the destinations and outlives reloads.
/// </summary>
internal sealed class DestinationHealth(
    EjectionRule rule, Destination[] destinations, UpstreamNews news, TimeProvider clock, Random random, Ejections? shared = null)
{
    private readonly Ejections _shared = shared ?? new Ejections();
    private readonly int _most = destinations.Length < 2 ? 0 : (int)Math.Floor(rule.Most.Fraction * destinations.Length); // one has no better one

    /// <summary>Hears of the end of each attempt.</summary>
    public void Ended(Destination destination, AttemptEnd end)
    {
        if (end == AttemptEnd.Good) destination.Succeeded();
        else if (end.IsFailure() && _most > 0) Count(destination, end);
    }

    /// <summary>From now on its rule holds, and no other: lets back whom an earlier one has left out beyond it, the next to return first.</summary>
    public void ComeIntoForce()
    {
        lock (_shared.Gate)
        {
            _shared.InForce = this;
            var beyond = destinations.Count(d => !d.IsUsable) - _most;
            foreach (var destination in destinations.Where(d => d.IsEjected).OrderBy(d => d.EjectedUntil))
            {
                if (beyond <= 0) return;
                destination.LetBack(clock);
                news.Returned(destination);
                if (destination.IsUsable) beyond--;
            }
        }
    }

    /// <summary>Whole seconds, at least 1, until a destination is back that is out now, as far as that is known.</summary>
    /// <param name="otherwise">What is said where only a check can bring one back.</param>
    public int SecondsUntilReturn(TimeSpan otherwise)
    {
        var soonest = otherwise;
        var now = clock.GetTimestamp();
        foreach (var destination in destinations)
        {
            if (destination.IsDown || !destination.IsEjected) continue;
            var wait = clock.GetElapsedTime(now, Math.Max(now, destination.EjectedUntil));
            if (wait < soonest) soonest = wait;
        }

        return Math.Max(1, (int)Math.Ceiling(soonest.TotalSeconds));
    }

    private void Count(Destination destination, AttemptEnd end)
    {
        var failures = destination.Failed();
        if (failures < rule.After) return;
        lock (_shared.Gate)
        {
            if (_shared.InForce is { } inForce && inForce != this) return; // what began under an earlier declaration ends under this one
            if (!destination.IsUsable || destinations.Count(d => !d.IsUsable) >= _most) return;
            var ejections = WasWellForLong(destination) ? 1 : destination.Ejections + 1;
            var time = TimeOf(ejections);
            destination.Eject(time, ejections, clock, () => news.Returned(destination));
            news.Ejected(destination, time, failures, end);
        }
    }

    private bool WasWellForLong(Destination destination) =>
        destination.EjectedUntil == 0 || clock.GetElapsedTime(destination.EjectedUntil, clock.GetTimestamp()) >= rule.UpTo;

    private TimeSpan TimeOf(int ejections)
    {
        var time = Math.Min(rule.For.TotalSeconds * Math.Pow(2, Math.Min(ejections - 1, 30)), rule.UpTo.TotalSeconds);
        return TimeSpan.FromSeconds(time * (0.9 + (0.2 * random.NextDouble()))); // so that not all gateways come back at once
    }
}
