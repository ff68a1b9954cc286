namespace Gatehouse.Policies.Limits;

/// <summary>How many exchanges of one caller are under way.</summary>
internal sealed class AtOnceCell : Cell
{
    private readonly Lock _gate = new();
    private int _underWay;

    /// <summary>Begins an exchange, if fewer than <paramref name="most"/> are under way. False when the cell is <see cref="Cell.Gone"/>.</summary>
    /// <param name="left">How many more could begin after that.</param>
    public bool TryEnter(int most, out bool entered, out int left)
    {
        (entered, left) = (false, 0);
        lock (_gate)
        {
            var held = Time;
            if (held == Gone) return false;
            if (_underWay >= most) return true;
            if (_underWay == 0 && !Replace(held, long.MaxValue)) return false; // it was swept away just now
            _underWay++;
            (entered, left) = (true, most - _underWay);
            return true;
        }
    }

    public bool IsFull(int most)
    {
        lock (_gate) return _underWay >= most;
    }

    /// <summary>Ends an exchange that was begun.</summary>
    public void Leave()
    {
        lock (_gate)
            if (--_underWay == 0) Replace(long.MaxValue, 0);
    }
}
