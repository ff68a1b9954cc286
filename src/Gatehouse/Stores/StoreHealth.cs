using System.Globalization;
using Gatehouse.Telemetry;

namespace Gatehouse.Stores;

/// <summary>
/// Whether a store can be asked. It is lost with the first question that finds no connection, and with the third in a row that has no answer in
/// time; it is fine again when a trial has one. Each change is told once.
/// </summary>
internal sealed class StoreHealth(string name, int instances, EventWriter? events, StoreTally tally, TimeProvider clock)
{
    /// <summary>Questions in a row without an answer in time, after which no more are asked.</summary>
    public const int MostSlow = 3;

    private readonly Lock _gate = new();
    private long _lostAt = clock.GetTimestamp();
    private long _losses;
    private int _slow;
    private bool _fine; // until somebody has answered, there is nothing to rely on
    private bool _lossIsTold;

    /// <summary>Called after each time that the store was found again, by whoever found it.</summary>
    public Action? Found { get; set; }

    public bool IsFine => Volatile.Read(ref _fine);

    /// <summary>Counts the times that the store was lost: what is counted alone begins anew with each.</summary>
    public long Losses => Interlocked.Read(ref _losses);

    public void Answered()
    {
        if (Volatile.Read(ref _slow) != 0) Volatile.Write(ref _slow, 0);
        if (IsFine) return;
        TimeSpan away;
        lock (_gate)
        {
            if (_fine) return;
            away = clock.GetElapsedTime(_lostAt);
            _lossIsTold = false;
            Volatile.Write(ref _fine, true);
            tally.Found();
        }

        events?.Write(string.Create(CultureInfo.InvariantCulture,
            $"store '{name}' answers after {away.TotalSeconds:0.0} s; limits are counted together with the other instances"));
        Found?.Invoke();
    }

    /// <summary>A question had no answer.</summary>
    public void Unanswered(NoAnswer why)
    {
        if (why == NoAnswer.Slow && Interlocked.Increment(ref _slow) < MostSlow && IsFine) return;
        lock (_gate)
        {
            if (_lossIsTold) return;
            if (_fine) _lostAt = clock.GetTimestamp();
            _lossIsTold = true;
            Volatile.Write(ref _fine, false);
            Interlocked.Increment(ref _losses);
            tally.Lost();
        }

        var reason = why switch
        {
            NoAnswer.Slow => "does not answer in time",
            NoAnswer.Failed => "answers with errors",
            _ => "cannot be reached",
        };
        events?.Write(string.Create(CultureInfo.InvariantCulture,
            $"store '{name}' {reason}: until it does, this instance counts limits alone, at 1/{instances} of what they allow"));
    }
}
