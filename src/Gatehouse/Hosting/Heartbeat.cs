using System.Globalization;
using Gatehouse.Policies.Overload;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>
/// Looks many times a second how long the gateway's own work waits and how much memory is left, and moves the <see cref="Shortage"/> by it. On a
/// thread of its own: where everything waits, this must not. Of several beats the shortest delay counts, so that a pause or a burst is no
/// shortage; what stands is. How late this thread itself is woken does not count: so long would anything wait on a machine that others have
/// taken, and to shed work gives nothing back. Like Kestrel's own, it goes by the system's time.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    private const int BeatsToALook = 4;
    private const int QuietLooks = 50;
    private const int MostSockets = 4;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromSeconds(5);
    private readonly Shortage _shortage;
    private readonly Activation _activation;
    private readonly UnderWay _underWay;
    private readonly EventWriter _events;
    private readonly GatehouseMeter _meter;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly List<Beat> _beats = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private long _delayTicks;
    private long _collectedAt;
    private long _shedBefore;
    private int _quiet;
    private bool _isTold;

    public Heartbeat(Shortage shortage, Activation activation, UnderWay underWay, EventWriter events, GatehouseMeter meter)
    {
        (_shortage, _activation, _underWay, _events, _meter) = (shortage, activation, underWay, events, meter);
        _beats.Add(new PoolBeat(_time));
        // the runtime gives each new socket to the next of the threads that notice what sockets receive
        for (var i = 0; i < Math.Min(Environment.ProcessorCount, MostSockets); i++)
            if (SocketBeat.TryOpen(_time) is { } beat) _beats.Add(beat);
        meter.OwnDelay = () => TimeSpan.FromTicks(Interlocked.Read(ref _delayTicks));
        _thread = new Thread(Run) { IsBackground = true, Name = "gatehouse heartbeat" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        foreach (var beat in _beats) (beat as IDisposable)?.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        var (least, latest, beats) = (TimeSpan.MaxValue, TimeSpan.Zero, 0);
        for (var asleep = _time.GetTimestamp(); !_stop.Wait(Every); asleep = _time.GetTimestamp())
        {
            if (_time.GetElapsedTime(asleep) - Every is var late && late > latest) latest = late;
            var delay = TimeSpan.Zero;
            foreach (var beat in _beats)
            {
                if (beat.Delay is var one && one > delay) delay = one;
                beat.SendNext();
            }

            if (delay < least) least = delay;
            if (++beats < BeatsToALook) continue;
            Look(least > latest ? least - latest : TimeSpan.Zero);
            (least, latest, beats) = (TimeSpan.MaxValue, TimeSpan.Zero, 0);
        }
    }

    private void Look(TimeSpan delay)
    {
        Interlocked.Exchange(ref _delayTicks, delay.Ticks);
        var limits = _activation.Current.Definition.Overload;
        var memory = MemoryInUse();
        _shortage.Look(delay, _underWay.Count, memory, limits);
        if (memory * 100 >= limits.Memory) AskForCollection();
        if (_shortage.Cut > 0) Begin(delay, memory);
        else if (_isTold && ++_quiet == QuietLooks) End();
    }

    /// <summary>What the last collection found in use, of what the process may have.</summary>
    private double MemoryInUse()
    {
        var info = GC.GetGCMemoryInfo(GCKind.Any);
        _meter.LiveBytes = info.HeapSizeBytes - info.FragmentedBytes;
        return info.TotalAvailableMemoryBytes <= 0 ? 0 : (double)_meter.LiveBytes / info.TotalAvailableMemoryBytes;
    }

    /// <summary>While little is taken, nothing makes the next collection come, and without one nobody knows that memory is free again.</summary>
    private void AskForCollection()
    {
        var now = _time.GetTimestamp();
        if (_collectedAt != 0 && _time.GetElapsedTime(_collectedAt, now) < BetweenCollections) return;
        _collectedAt = now;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
    }

    private void Begin(TimeSpan delay, double memory)
    {
        _quiet = 0;
        if (_isTold) return;
        _isTold = true;
        _shedBefore = _meter.ShedInAll;
        _events.Write(string.Create(CultureInfo.InvariantCulture,
            $"overload: the gateway's own work waits {delay.TotalMilliseconds:0} ms, {memory * 100:0} % of its memory is in use; work is shed, by the priority of routes"));
    }

    private void End()
    {
        _isTold = false;
        _events.Write(string.Create(CultureInfo.InvariantCulture, $"overload: it is over; {_meter.ShedInAll - _shedBefore} exchanges were shed"));
    }
}
