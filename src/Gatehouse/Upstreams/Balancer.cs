namespace Gatehouse.Upstreams;

/// <summary>Chooses where an exchange goes. Serves many exchanges at once and allocates nothing.</summary>
internal sealed class Balancer(Balance balance, Destination[] destinations, Random random)
{
    private uint _turn = uint.MaxValue;

    /// <summary>The index of the destination that is next. There is at least one.</summary>
    public int Choose() => destinations.Length == 1 ? 0 : balance switch
    {
        Balance.RoundRobin => Turn(),
        Balance.LeastRequests => LeastRequests(),
        Balance.PowerOfTwoChoices => PowerOfTwoChoices(),
    };

    private int Turn() => (int)(Interlocked.Increment(ref _turn) % (uint)destinations.Length);

    // begins where the last one did not, so that destinations that are equally busy take turns
    private int LeastRequests()
    {
        var first = Turn();
        var best = first;
        var fewest = destinations[first].InFlight;
        for (var step = 1; step < destinations.Length && fewest > 0; step++)
        {
            var index = (first + step) % destinations.Length;
            var busy = destinations[index].InFlight;
            if (busy >= fewest) continue;
            best = index;
            fewest = busy;
        }

        return best;
    }

    private int PowerOfTwoChoices()
    {
        var one = random.Next(destinations.Length);
        var other = random.Next(destinations.Length - 1);
        if (other >= one) other++; // two different ones
        return destinations[other].InFlight < destinations[one].InFlight ? other : one;
    }
}
