namespace Gatehouse.Upstreams;

/// <summary>
/// One server of an upstream while the gateway runs: its address, how many exchanges it is busy with, and whether it may be chosen. It outlives
/// reloads. Who asks reads one field; what changes it is rare and belongs to <see cref="DestinationHealth"/> and <see cref="HealthCheck"/>.
/// </summary>
internal sealed class Destination(DestinationAddress address) : IDisposable
{
    /// <summary>The part of its share that a destination takes at once when it is back.</summary>
    private const double FirstShare = 0.1;

    private const int Ejected = 1;
    private const int Down = 2;
    private int _inFlight;
    private int _out;
    private int _failures;
    private long _returnedAt;
    private ITimer? _return;

    public Uri Address { get; } = address.Value;

    /// <summary>The port, ready to be a label.</summary>
    public object Port { get; } = (long)address.Value.Port;

    /// <summary>Scheme, host and port, as logs and request targets begin.</summary>
    public string Text { get; } = address.Text;

    /// <summary>The same in every instance and after every start: what is balanced by a hash stays where it is.</summary>
    public ulong Hash { get; } = StableHash.Of(address.Text);

    /// <summary>Exchanges that were sent here and have not ended.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Whether it may be chosen: no check says that it is down, and it is not ejected.</summary>
    public bool IsUsable => Volatile.Read(ref _out) == 0;

    public bool IsEjected => (Volatile.Read(ref _out) & Ejected) != 0;

    public bool IsDown => (Volatile.Read(ref _out) & Down) != 0;

    /// <summary>The clock's timestamp when an ejection ends; 0 before the first.</summary>
    public long EjectedUntil { get; private set; }

    /// <summary>Ejections since it last was well for long.</summary>
    public int Ejections { get; private set; }

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>An attempt went well: failures are counted from the beginning.</summary>
    public void Succeeded()
    {
        if (Volatile.Read(ref _failures) != 0) Volatile.Write(ref _failures, 0);
    }

    /// <summary>An attempt failed. How many have in a row.</summary>
    public int Failed() => Interlocked.Increment(ref _failures);

    /// <summary>The part of its share that it takes, while it comes back slowly: 1 for all of it.</summary>
    /// <param name="slowly">How long that lasts, in the clock's ticks.</param>
    public double ShareOf(TimeProvider clock, long slowly)
    {
        var returned = Volatile.Read(ref _returnedAt);
        if (returned == 0) return 1;
        var since = clock.GetTimestamp() - returned;
        if (since < slowly) return Math.Max(FirstShare, (double)since / slowly);
        Interlocked.CompareExchange(ref _returnedAt, 0, returned);
        return 1;
    }

    /// <summary>Leaves it out for a time. Its caller lets one ejection happen at a time, and none of a destination that is out.</summary>
    /// <param name="ejections">How many in a row this one makes.</param>
    /// <param name="over">Told, off the data path, when the time has passed.</param>
    public void Eject(TimeSpan time, int ejections, TimeProvider clock, Action over)
    {
        Ejections = ejections;
        EjectedUntil = clock.GetTimestamp() + (long)(time.TotalSeconds * clock.TimestampFrequency);
        Volatile.Write(ref _failures, 0);
        Interlocked.Or(ref _out, Ejected);
        _return?.Dispose();
        _return = clock.CreateTimer(
            _ =>
            {
                Return(Ejected, clock);
                over();
            }, null, time, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends an ejection before its time. Its caller lets one of these happen at a time, as of ejections.</summary>
    public void LetBack(TimeProvider clock)
    {
        _return?.Dispose();
        EjectedUntil = clock.GetTimestamp();
        Volatile.Write(ref _failures, 0);
        Return(Ejected, clock);
    }

    /// <summary>What a check says. Whether that is news.</summary>
    public bool TrySetDown(bool down, TimeProvider clock)
    {
        if (down) return (Interlocked.Or(ref _out, Down) & Down) == 0;
        if (!IsDown) return false;
        Volatile.Write(ref _failures, 0);
        Return(Down, clock);
        return true;
    }

    public void Dispose() => _return?.Dispose();

    private void Return(int from, TimeProvider clock)
    {
        Volatile.Write(ref _returnedAt, Math.Max(1, clock.GetTimestamp())); // first: whoever sees it usable sees that it comes back slowly
        Interlocked.And(ref _out, ~from);
    }
}
