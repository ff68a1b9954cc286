namespace Gatehouse.Pipeline;

/// <summary>
/// Counters, health and other state that outlives a snapshot, by kind and identity. Policies ask for their state when they are compiled, never
/// while they serve, so one lock is enough. To compile, to swap and to sweep is one step, and its caller takes one such step at a time.
/// </summary>
internal sealed class StateStore : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, string Identity), Held> _held = [];
    private long _generation;
    private long _made;

    public int Count
    {
        get
        {
            lock (_lock) return _held.Count;
        }
    }

    /// <summary>The state of this kind and identity: what was there, or a new one. From now on the snapshot that is being compiled uses it.</summary>
    /// <param name="identity">What the state belongs to: a route and the name of its limit, an upstream's settings. From the declaration, never from
    /// a client.</param>
    public T Get<T>(string kind, string identity, Func<T> create)
        where T : class
    {
        lock (_lock)
        {
            if (!_held.TryGetValue((kind, identity), out var held)) _held.Add((kind, identity), held = new Held(create(), _made++));
            held.LastUsed = _generation;
            return (T)held.Value;
        }
    }

    /// <summary>
    /// Called after each swap: lets go of what neither the snapshot in force nor the one before it uses (exchanges of that one may still be under
    /// way), and disposes of it where that means something. Returns how many items went.
    /// </summary>
    public int Sweep()
    {
        List<Held> gone = [];
        lock (_lock)
        {
            foreach (var (key, held) in _held)
            {
                if (held.LastUsed >= _generation - 1) continue;
                gone.Add(held);
                _held.Remove(key); // allowed while enumerating since .NET Core 3.0
            }

            _generation++;
        }

        Dispose(gone);
        return gone.Count;
    }

    /// <summary>Lets go of everything: nothing will be served any more.</summary>
    public void Dispose()
    {
        List<Held> gone;
        lock (_lock)
        {
            gone = [.. _held.Values];
            _held.Clear();
        }

        Dispose(gone);
    }

    /// <summary>The youngest first: what was made later may rely on what was there.</summary>
    private static void Dispose(List<Held> gone)
    {
        gone.Sort(static (a, b) => b.Made.CompareTo(a.Made));
        foreach (var held in gone) (held.Value as IDisposable)?.Dispose();
    }

    private sealed class Held(object value, long made)
    {
        public object Value { get; } = value;

        /// <summary>How many were made before it.</summary>
        public long Made { get; } = made;

        /// <summary>The number of swaps before the last compilation that asked for it.</summary>
        public long LastUsed { get; set; }
    }
}
