using Gatehouse.Telemetry;

namespace Gatehouse.Tokens;

/// <summary>
/// Whether the clock can be believed: the time of day is held against the time that has passed. Who judges by a clock that was put back takes tokens
/// that have ended. While it is out of step, no token is judged.
/// </summary>
/// <remarks>
/// A clock that was put forward is believed again once it has kept step for <see cref="Settling"/>: what pauses a machine leaves it like that, and
/// it only ends tokens sooner. One that was put back is believed when it is where it would be, or by a process that starts anew: somebody has looked
/// then.
/// </remarks>
internal sealed class ClockWatch : IDisposable
{
    /// <summary>By how much the two may differ: what is reasonable for clocks of different machines (GH1020).</summary>
    public static readonly TimeSpan Allowed = TimeSpan.FromSeconds(60);

    /// <summary>For so long a clock that was put forward has to keep step.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Nothing takes longer between the two questions of one look, and nothing differs by more while it settles.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    /// <summary>The part of the time that passes by which a clock may run faster or slower for ever: by so much it is followed.</summary>
    private const int Drift = 1000;

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly ITimer? _looks;
    private DateTimeOffset _believed;
    private long _at;
    private TimeSpan _step;
    private long _stepSince;
    private volatile bool _isOut;

    /// <param name="events">Tells the operator; null when nothing is served, and nobody looks.</param>
    public ClockWatch(TimeProvider clock, EventWriter? events)
    {
        _clock = clock;
        (_believed, _at) = (clock.GetUtcNow(), clock.GetTimestamp());
        if (events is not null) _looks = clock.CreateTimer(_ => Look(events), null, Every, Every);
    }

    public bool IsInStep => !_isOut;

    /// <summary>Looks at both. What there is to tell the operator; null for nothing new.</summary>
    public string? Look()
    {
        var (at, now) = (_clock.GetTimestamp(), _clock.GetUtcNow());
        if (_clock.GetElapsedTime(at) > Moment) return null; // the process was held between the two questions: the answers do not belong together
        var passed = _clock.GetElapsedTime(_at, at);
        var step = now - _believed - passed;
        if (step.Duration() <= Allowed)
        {
            var follow = TimeSpan.FromTicks(passed.Ticks / Drift);
            Believe(_believed + passed + (step > follow ? follow : step < -follow ? -follow : step), at);
            return Become(false, "the clock is in step again: tokens are judged");
        }

        if (!_isOut || (step - _step).Duration() > Moment) (_step, _stepSince) = (step, at);
        if (step > TimeSpan.Zero && _clock.GetElapsedTime(_stepSince, at) >= Settling)
        {
            Believe(now, at);
            return Become(false, "the clock was put forward and has kept step since: it is believed, and tokens are judged");
        }

        return Become(true, step > TimeSpan.Zero
            ? $"the clock was put forward by {(long)step.TotalSeconds} s: the gateway is not ready and judges no token until it has kept step for a minute"
            : $"the clock was put back by {(long)-step.TotalSeconds} s: the gateway is not ready and judges no token until it is put right, or the gateway starts anew");
    }

    public void Dispose() => _looks?.Dispose();

    private void Look(EventWriter events)
    {
        if (!_gate.TryEnter()) return; // the last look is not over
        try
        {
            if (Look() is { } news) events.Write(news);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Believe(DateTimeOffset time, long at) => (_believed, _at) = (time, at);

    private string? Become(bool isOut, string news)
    {
        if (_isOut == isOut) return null;
        _isOut = isOut;
        return news;
    }
}
