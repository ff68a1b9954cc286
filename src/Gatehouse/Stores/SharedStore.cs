using Gatehouse.Telemetry;

namespace Gatehouse.Stores;

/// <summary>
/// A store that several instances share. A question is one round trip at most and always ends in time: with an answer, or with a word why there is
/// none. While the store is lost nobody waits for it; it is tried twice a second.
/// </summary>
internal sealed class SharedStore : IDisposable
{
    /// <summary>The store's name in events and metrics: there is one.</summary>
    public const string Name = "redis";

    /// <summary>Questions under way at once; of those that were given up because they took too long, their answers may still come.</summary>
    public const int MostPending = 1024;

    private static readonly TimeSpan TrialEvery = TimeSpan.FromMilliseconds(500);

    private readonly RedisSettings _settings;
    private readonly TimeProvider _clock;
    private readonly RedisLink _link;
    private readonly StoreHealth _health;
    private readonly StoreTally _tally;
    private ITimer? _trials;
    private readonly CellAsk _trial;
    private int _pending;
    private int _trying;
    private bool _ended;

    public SharedStore(RedisSettings settings, TimeProvider clock, EventWriter? events, GatehouseMeter meter)
    {
        _settings = settings;
        _clock = clock;
        _link = new RedisLink(settings);
        _tally = meter.Store(Name);
        _health = new StoreHealth(Name, settings.Instances, events, _tally, clock);
        Keys = new StoreKeys(settings.Prefix, settings.Pepper);
        _trial = new CellAsk(Keys.Of("trial", 0, default), CellScript.UnitsPerSecond / 1000, CellScript.UnitsPerSecond, Cost: 1, Extra: 0);
    }

    public StoreKeys Keys { get; }

    /// <summary>What has to be the same for a store to be kept over a reload.</summary>
    public string Identity => _settings.Identity;

    /// <summary>How many instances share it, at most.</summary>
    public int Instances => _settings.Instances;

    /// <summary>Whether it can be asked; if not, questions end at once without an answer.</summary>
    public bool IsFine => _health.IsFine;

    /// <summary>Counts the times that it was lost.</summary>
    public long Losses => _health.Losses;

    /// <summary>What is counted of it.</summary>
    public StoreTally Tally => _tally;

    /// <summary>What is to happen each time that it is found again; it may not wait.</summary>
    public Action? Found
    {
        get => _health.Found;
        set => _health.Found = value;
    }

    /// <summary>Begins to connect. A store that is not started is never fine.</summary>
    public void Start()
    {
        if (_trials is not null) return;
        _trials = _clock.CreateTimer(static store => _ = ((SharedStore)store!).TryAsync(), this, TrialEvery, TrialEvery);
        _ = Task.Run(async () =>
        {
            await _link.ConnectAsync(_clock);
            await TryAsync();
        });
    }

    /// <summary>Asks about the first cells of <paramref name="asks"/>, which may not be changed before this ends. Never throws.</summary>
    public ValueTask<StoreAnswer> AskAsync(CellAsk[] asks, int count)
    {
        if (!IsFine) return new(StoreAnswer.Without(NoAnswer.Lost));
        if (Interlocked.Increment(ref _pending) > MostPending)
        {
            Interlocked.Decrement(ref _pending);
            _tally.Question((int)NoAnswer.Busy);
            return new(StoreAnswer.Without(NoAnswer.Busy));
        }

        return AskNowAsync(asks, count);
    }

    public void Dispose()
    {
        _ended = true;
        _trials?.Dispose();
        _link.Dispose();
    }

    private async ValueTask<StoreAnswer> AskNowAsync(CellAsk[] asks, int count)
    {
        var answer = await AnswerAsync(asks, count);
        _tally.Question((int)answer.Why);
        if (answer.IsThere) _health.Answered();
        else _health.Unanswered(answer.Why);
        return answer;
    }

    private async ValueTask<StoreAnswer> AnswerAsync(CellAsk[] asks, int count)
    {
        var running = RunAsync(asks, count);
        try
        {
            var numbers = await running.WaitAsync(_settings.Timeout, _clock);
            return numbers is null ? StoreAnswer.Without(NoAnswer.Failed) : CellScript.Read(numbers, count) ?? StoreAnswer.Without(NoAnswer.Failed);
        }
        catch (TimeoutException)
        {
            return StoreAnswer.Without(NoAnswer.Slow); // the library's own time is over too
        }
        catch (StackExchange.Redis.RedisServerException)
        {
            return StoreAnswer.Without(NoAnswer.Failed);
        }
        catch (Exception)
        {
            return StoreAnswer.Without(NoAnswer.Gone);
        }
    }

    /// <summary>Counts as under way until the library has given it up, whoever has stopped to wait for it.</summary>
    private async Task<long[]?> RunAsync(CellAsk[] asks, int count)
    {
        try
        {
            return await _link.RunAsync(asks, count);
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    /// <summary>Asks a lost store about a cell that is nobody's, so that it has to write; one such trial at a time.</summary>
    private async Task TryAsync()
    {
        if (IsFine || _ended || Interlocked.Exchange(ref _trying, 1) != 0) return;
        try
        {
            Interlocked.Increment(ref _pending);
            await AskNowAsync([_trial], 1);
        }
        finally
        {
            Volatile.Write(ref _trying, 0);
        }
    }
}
