using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// Chooses where an exchange goes, among the destinations that can be used. Serves many exchanges at once and allocates nothing. A destination that
/// has just come back takes a part of its share only, which grows.
/// </summary>
internal sealed class Balancer
{
    private readonly Balance _balance;
    private readonly Destination[] _destinations;
    private readonly Weights? _weights;
    private readonly HashRule? _hash;
    private readonly Random _random;
    private readonly TimeProvider _clock;
    private readonly long _slowly;
    private uint _turn = uint.MaxValue;

    /// <param name="destinations">There is at least one.</param>
    public Balancer(Upstream upstream, Destination[] destinations, Random random, TimeProvider clock)
    {
        (_balance, _destinations, _random, _clock) = (upstream.Balance, destinations, random, clock);
        _weights = Weights.For(upstream.Weights);
        _hash = upstream.Hash;
        _slowly = (long)(upstream.SlowReturn.TotalSeconds * clock.TimestampFrequency);
    }

    /// <summary>The index of the destination that is next, or -1 when there is none that can be used and was not tried.</summary>
    public int Choose(Exchange exchange, in Tried tried)
    {
        if (_destinations.Length == 1) return CanTake(0, tried) ? 0 : -1;
        return _balance switch
        {
            Balance.RoundRobin => InTurn(tried),
            Balance.LeastRequests => LeastBusy(tried),
            Balance.PowerOfTwoChoices => BetterOfTwo(tried),
            Balance.Hash => ByHash(exchange, tried),
        };
    }

    /// <summary>
    /// The index of an ejected destination that no check has found down and that was not tried, or -1: for an exchange that could be connected to
    /// none of the others. An ejection says what was; it costs nothing to see whether that is still so, where the call would be lost otherwise.
    /// </summary>
    public int ChooseEjected(in Tried tried)
    {
        var best = -1;
        for (var index = 0; index < _destinations.Length; index++)
        {
            var destination = _destinations[index];
            if (destination.IsDown || !destination.IsEjected || tried.Has(index) || _weights?.Of(index) == 0) continue;
            if (best < 0 || IsLessBusy(index, best)) best = index;
        }

        return best;
    }

    private int Turn()
    {
        var turn = Interlocked.Increment(ref _turn);
        return _weights is null ? (int)(turn % (uint)_destinations.Length) : _weights.InTurn(turn);
    }

    // who cannot take its turn loses it, so that not only the one after it has its share too
    private int InTurn(in Tried tried)
    {
        for (var step = 0; step < _destinations.Length; step++)
        {
            var index = Turn();
            if (Takes(index, tried)) return index;
        }

        return LeastBusy(tried);
    }

    // begins where the last one did not, so that destinations that are equally busy take turns
    private int LeastBusy(in Tried tried)
    {
        var first = Turn();
        for (var step = 1; step < _destinations.Length && !CanTake(first, tried); step++) first = Turn();
        var best = LeastBusy(first, tried, gently: true);
        return best >= 0 ? best : LeastBusy(first, tried, gently: false);
    }

    private int LeastBusy(int first, in Tried tried, bool gently)
    {
        var best = -1;
        for (var step = 0; step < _destinations.Length; step++)
        {
            var index = (first + step) % _destinations.Length;
            if (!(gently ? Takes(index, tried) : CanTake(index, tried))) continue;
            if (best < 0 || IsLessBusy(index, best)) best = index;
            if (_destinations[best].InFlight == 0) break;
        }

        return best;
    }

    private int BetterOfTwo(in Tried tried)
    {
        int one, other;
        if (_weights is not null)
        {
            (one, other) = (_weights.Pick(_random), _weights.Pick(_random)); // may be the same: the heavier, the more often
        }
        else
        {
            one = _random.Next(_destinations.Length);
            other = _random.Next(_destinations.Length - 1);
            if (other >= one) other++; // two different ones
        }

        var (oneTakes, otherTakes) = (Takes(one, tried), Takes(other, tried));
        if (oneTakes) return otherTakes && IsLessBusy(other, one) ? other : one;
        return otherTakes ? other : LeastBusy(tried);
    }

    /// <summary>
    /// Every destination draws a lot for the key, always the same one, and the highest takes it (rendezvous hashing): when one leaves, only what it
    /// had moves, to all others alike; when it is back, exactly that comes back.
    /// </summary>
    private int ByHash(Exchange exchange, in Tried tried)
    {
        if (!_hash!.TryKey(exchange, out var key)) return BetterOfTwo(tried);
        var best = Highest(key, tried, gently: true);
        return best >= 0 ? best : Highest(key, tried, gently: false);
    }

    private int Highest(ulong key, in Tried tried, bool gently)
    {
        var bound = gently && _hash!.Overflow is { } overflow ? MeanWithOneMore() * (1 + overflow.Fraction) : double.MaxValue;
        var best = -1;
        var highest = double.NegativeInfinity;
        for (var index = 0; index < _destinations.Length; index++)
        {
            var destination = _destinations[index];
            if (!CanTake(index, tried)) continue;
            var weight = _weights?.Of(index) ?? 1;
            if (destination.InFlight >= bound * weight) continue;
            var lot = StableHash.Mix(key ^ destination.Hash);
            // a part of the keys comes back before the others, always the same part
            if (gently && destination.ShareOf(_clock, _slowly) is < 1 and var share && StableHash.Unit(StableHash.Mix(~lot)) >= share) continue;
            var drawn = weight / -Math.Log(StableHash.Unit(lot));
            if (drawn <= highest) continue;
            (best, highest) = (index, drawn);
        }

        return best;
    }

    private double MeanWithOneMore()
    {
        var all = 1L;
        foreach (var destination in _destinations) all += destination.InFlight;
        return (double)all / (_weights?.Total ?? _destinations.Length);
    }

    private bool CanTake(int index, in Tried tried) =>
        _destinations[index].IsUsable && !tried.Has(index) && (_weights is null || _weights.Of(index) > 0);

    private bool Takes(int index, in Tried tried) => CanTake(index, tried) && IsBack(_destinations[index]);

    private bool IsBack(Destination destination)
    {
        var share = destination.ShareOf(_clock, _slowly);
        return share >= 1 || _random.NextDouble() < share;
    }

    private bool IsLessBusy(int one, int other)
    {
        long busy = _destinations[one].InFlight, than = _destinations[other].InFlight;
        return _weights is null ? busy < than : busy * _weights.Of(other) < than * _weights.Of(one);
    }
}
