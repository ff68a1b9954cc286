using Gatehouse.Telemetry;

namespace Gatehouse.Tokens;

/// <summary>
/// The keys of one issuer, kept across reloads. Fetched when the first token needs them, then beside the exchanges at intervals and, at a bounded
/// rate, for ids that are not known. Keys that nobody asked about for long are asked about first, because the issuer may have removed one. A bad
/// answer changes nothing; keys whose issuer cannot be asked serve until they are older than <see cref="MaxStale"/>.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>After so long the keys are fetched anew, while those that there are still serve.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromMinutes(5);

    /// <summary>Keys that are older serve no more before the issuer was asked, unless that has just failed.</summary>
    public static readonly TimeSpan Overdue = 2 * Refresh;

    /// <summary>Keys that could not be fetched for so long say nothing any more.</summary>
    public static readonly TimeSpan MaxStale = TimeSpan.FromHours(24);

    /// <summary>In a time of this length there are at most <see cref="MostForUnknown"/> fetches for ids that are not known.</summary>
    public static readonly TimeSpan UnknownWindow = TimeSpan.FromMinutes(1);

    public const int MostForUnknown = 2;

    /// <summary>From the end of a fetch to the next one, unless it is for an unknown id: without any keys, and with some.</summary>
    private static readonly TimeSpan RetryWithout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryWith = TimeSpan.FromSeconds(30);

    /// <summary>For so long a failed fetch says that the issuer cannot be asked: longer than to the next try, if tokens come.</summary>
    private static readonly TimeSpan FailureHolds = 2 * RetryWith;

    private const int MostTold = 200;

    private readonly Lock _gate = new();
    private readonly Issuer _issuer;
    private readonly TimeProvider _clock;
    private readonly EventWriter? _events;
    private readonly GatehouseMeter _meter;
    private readonly KeyFetch? _fetch;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly long[] _forUnknown = new long[MostForUnknown];
    private Held? _held;
    private Task? _flight;
    private long? _tried;
    private int _unknownTurns;
    private bool _isFailing;

    public IssuerKeys(Issuer issuer, TimeProvider clock, EventWriter? events, GatehouseMeter meter)
    {
        (_issuer, _clock, _events, _meter) = (issuer, clock, events, meter);
        if (issuer.Keys!.Set is { } set) _held = KeySet.TryRead(set, issuer.Algorithms, []) is { } keys ? new Held(keys, 0, 0) : null;
        else _fetch = new KeyFetch(issuer, clock);
    }

    /// <summary>
    /// The keys, or null when there are none that still say anything, or when the issuer has to be asked first (<see cref="FetchAsync"/>). Starts a
    /// fetch beside when it is time for one; never waits and, but for that, allocates nothing.
    /// </summary>
    public KeySet? Usable()
    {
        var held = Volatile.Read(ref _held);
        if (held is null || _fetch is null) return held?.Keys;
        var age = _clock.GetElapsedTime(held.At);
        if (age < Refresh) return held.Keys;
        _ = FetchAsync(forUnknown: false);
        if (age >= MaxStale) return null;
        return age < Overdue || _clock.GetElapsedTime(held.Tried) < FailureHolds ? held.Keys : null;
    }

    /// <summary>
    /// Fetches the keys, together with whoever waits for them already, unless it was tried too recently. Never throws; <see cref="Usable"/> says
    /// afterwards what there is.
    /// </summary>
    /// <param name="forUnknown">Because of an id that is not known.</param>
    public Task FetchAsync(bool forUnknown)
    {
        if (_fetch is null) return Task.CompletedTask;
        lock (_gate)
        {
            if (_flight is { IsCompleted: false }) return _flight;
            var now = _clock.GetTimestamp();
            if (forUnknown ? !TakeTurn(now) : IsTooSoon(now)) return Task.CompletedTask;
            _tried = now;
            return _flight = Task.Run(FetchOnceAsync);
        }
    }

    /// <summary>Whether there are keys, or none could be had when it was tried. Has them fetched when it was not tried yet; never waits.</summary>
    /// <param name="areThere">Whether there are keys.</param>
    public bool WereAskedFor(out bool areThere)
    {
        areThere = Volatile.Read(ref _held) is not null;
        if (areThere || _fetch is null) return true;
        _ = FetchAsync(forUnknown: false);
        return Volatile.Read(ref _isFailing);
    }

    public void Dispose() => _fetch?.Dispose();

    private bool IsTooSoon(long now)
    {
        if (_tried is not { } tried) return false;
        return _clock.GetElapsedTime(tried, now) < (_held is null ? RetryWithout : RetryWith);
    }

    private bool TakeTurn(long now)
    {
        ref var oldest = ref _forUnknown[_unknownTurns % MostForUnknown];
        if (_unknownTurns >= MostForUnknown && _clock.GetElapsedTime(oldest, now) < UnknownWindow) return false;
        oldest = now;
        _unknownTurns++;
        return true;
    }

    private async Task FetchOnceAsync()
    {
        string fault;
        try
        {
            var answer = await _fetch!.GetAsync();
            var odd = new List<string>();
            var keys = answer.Body is null ? null : KeySet.TryRead(answer.Body, _issuer.Algorithms, odd);
            foreach (var text in odd) TellOnce($"issuer '{_issuer.Name}': {text}; it is not used");
            if (keys is not null) Replace(keys);
            fault = answer.Body is null ? answer.Fault : keys is null ? "its answer has no usable key" : "";
        }
        catch (Exception e)
        {
            fault = e.GetType().Name;
        }

        if (fault.Length > 0 && _held is { } held) Volatile.Write(ref _held, held with { Tried = _clock.GetTimestamp() });
        lock (_gate) _tried = _clock.GetTimestamp();
        _meter.KeyFetches(_issuer.Name, fault.Length == 0 ? "ok" : "failed").Add();
        Tell(fault);
    }

    private void Replace(KeySet fetched)
    {
        var before = _held?.Keys.All ?? [];
        var kept = fetched.All.Select(key => before.FirstOrDefault(key.IsSameAs) ?? key).ToList();
        var gone = before.Where(k => !kept.Contains(k)).ToList();
        foreach (var key in gone) key.Go(); // and with it every token that was remembered because of it: before anybody takes the set for fresh
        var now = _clock.GetTimestamp();
        Volatile.Write(ref _held, new Held(new KeySet(kept), now, now));
        foreach (var _ in gone) _events?.Write($"issuer '{_issuer.Name}': a key is gone, and what it had signed is no longer taken");
    }

    /// <summary>When it begins to fail, and when that is over; not each time.</summary>
    private void Tell(string fault)
    {
        var fails = fault.Length > 0;
        if (fails == _isFailing) return;
        _isFailing = fails;
        var still = _held is null ? "its tokens cannot be judged" : "those that there are serve for up to a day";
        _events?.Write(fails
            ? $"issuer '{_issuer.Name}': its keys cannot be fetched ({fault}); {still}" : $"issuer '{_issuer.Name}': its keys can be fetched again");
    }

    private void TellOnce(string text)
    {
        if (_told.Count < MostTold && _told.Add(text)) _events?.Write(text);
    }

    /// <param name="At">When they were fetched.</param>
    /// <param name="Tried">When the last fetch ended, whatever came of it.</param>
    private sealed record Held(KeySet Keys, long At, long Tried);
}
