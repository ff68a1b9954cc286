namespace Gatehouse.Upstreams;

/// <summary>The shares of destinations that do not have equal ones.</summary>
internal sealed class Weights
{
    private readonly int[] _weights;
    private readonly int[] _upTo;
    private readonly int[] _turns;

    private Weights(int[] weights)
    {
        _weights = weights;
        _upTo = new int[weights.Length];
        for (var i = 0; i < weights.Length; i++) _upTo[i] = Total += weights[i];
        _turns = TurnsOf(weights);
    }

    public int Total { get; }

    /// <summary>Null when all have the same share.</summary>
    /// <param name="weights">By destination; empty for equal ones. Not all of them are 0.</param>
    public static Weights? For(IReadOnlyList<int> weights) => weights.All(w => w == weights[0]) ? null : new Weights([.. weights]);

    public int Of(int index) => _weights[index];

    /// <summary>Whose turn it is: within one round everybody has as many as its weight says, as far apart as can be.</summary>
    public int InTurn(uint turn) => _turns[turn % (uint)_turns.Length];

    /// <summary>Any one, the heavier the more often.</summary>
    public int Pick(Random random)
    {
        var drawn = random.Next(Total);
        var (low, high) = (0, _upTo.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_upTo[middle] > drawn) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    private static int[] TurnsOf(int[] weights)
    {
        var common = weights.Aggregate(0, GreatestCommonDivisor);
        var turns = from index in Enumerable.Range(0, weights.Length)
                    from turn in Enumerable.Range(0, weights[index] / common)
                    orderby (turn + 0.5) * common / weights[index], index
                    select index;
        return [.. turns];
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
