namespace Gatehouse.Audit;

/// <summary>When a trail has to look for records whose time is over: when it begins, and then every hour, a stretch at a time.</summary>
internal sealed class RetentionDuty : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly TimeSpan _retain;
    private readonly Func<bool> _isClockInStep;
    private readonly TimeProvider _clock;
    private readonly TrailNews _news;
    private readonly ITimer _timer;
    private bool _isDue = true;
    private string? _chain;
    private long _from;
    private long _told;

    /// <param name="wake">Has whoever does it look.</param>
    public RetentionDuty(TimeSpan retain, Func<bool> isClockInStep, TimeProvider clock, TrailNews news, Action wake)
    {
        (_retain, _isClockInStep, _clock, _news) = (retain, isClockInStep, clock, news);
        _timer = clock.CreateTimer(_ =>
        {
            Volatile.Write(ref _isDue, true);
            wake();
        }, null, Every, Every);
    }

    public bool IsDue => Volatile.Read(ref _isDue);

    /// <summary>Takes a stretch out; when there is none any more, it is not due.</summary>
    /// <returns>The note of the checkpoint that was made, or null.</returns>
    public string? Step(AuditStore store, ChainWriter writer)
    {
        Volatile.Write(ref _isDue, false); // also where the store throws: then in an hour
        if (!_isClockInStep()) return null; // what it takes out is gone for good
        var chain = writer.State.Chain;
        if (chain.Origin != _chain) (_chain, _from, _told) = (chain.Origin, 1, 0);
        var (_, note, isOver, doubtful) = TrailRetention.Step(store, writer, chain, _clock.GetUtcNow() - _retain, ref _from, _clock);
        if (!isOver) Volatile.Write(ref _isDue, true);
        if (doubtful == 0 || doubtful == _told) return note;
        _news.Doubtful(doubtful);
        _told = doubtful;
        return note;
    }

    public void Dispose() => _timer.Dispose();
}
