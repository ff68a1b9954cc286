namespace Gatehouse.Upstreams;

/// <summary>One server of an upstream while the gateway runs: its address and how many exchanges it is busy with. It outlives reloads.</summary>
internal sealed class Destination(DestinationAddress address)
{
    private int _inFlight;

    /// <summary>Scheme, host and port, as logs and request targets begin.</summary>
    public string Text { get; } = address.Text;

    /// <summary>Exchanges that were sent here and have not ended.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);
}
