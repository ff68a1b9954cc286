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
        _link = new RedisLink(settings) { Restored = FoundUnnoticed };
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
        var why = Begin();
        return why == NoAnswer.None ? AskNowAsync(asks, count) : new(StoreAnswer.Without(why));
    }

    /// <summary>Asks about what was spent of the first of <paramref name="asks"/>; null when there is no answer. Never throws.</summary>
    public async ValueTask<SpentState[]?> AskAsync(SpentAsk[] asks, int count)
    {
        if (Begin() != NoAnswer.None) return null;
        var (numbers, why) = await AnswerAsync(SpentScript.Encode(asks, count));
        var states = numbers is null ? null : SpentScript.Read(numbers, count);
        Note(numbers is not null && states is null ? NoAnswer.Failed : why);
        return states;
    }

    public void Dispose()
    {
        _ended = true;
        _trials?.Dispose();
        _link.Dispose();
    }

    /// <summary>Nobody has asked while it was away, so nobody has lost it; but it may have lost what it knew.</summary>
    private void FoundUnnoticed()
    {
        if (IsFine) Found?.Invoke();
    }

    private NoAnswer Begin()
    {
        if (!IsFine) return NoAnswer.Lost;
        if (Interlocked.Increment(ref _pending) <= MostPending) return NoAnswer.None;
        Interlocked.Decrement(ref _pending);
        _tally.Question((int)NoAnswer.Busy);
        return NoAnswer.Busy;
    }

    private async ValueTask<StoreAnswer> AskNowAsync(CellAsk[] asks, int count)
    {
        var (numbers, why) = await AnswerAsync(CellScript.Encode(asks, count));
        var answer = numbers is null ? StoreAnswer.Without(why) : CellScript.Read(numbers, count) ?? StoreAnswer.Without(NoAnswer.Failed);
        Note(answer.Why);
        return answer;
    }

    private void Note(NoAnswer why)
    {
        _tally.Question((int)why);
        if (why == NoAnswer.None) _health.Answered();
        else _health.Unanswered(why);
    }

    private async ValueTask<(long[]? Numbers, NoAnswer Why)> AnswerAsync(StoreQuestion question)
    {
        var running = RunAsync(question);
        try
        {
            var numbers = await running.WaitAsync(_settings.Timeout, _clock);
            return (numbers, numbers is null ? NoAnswer.Failed : NoAnswer.None);
        }
        catch (TimeoutException)
        {
            return (null, NoAnswer.Slow); // the library's own time is over too
        }
        catch (StackExchange.Redis.RedisServerException)
        {
            return (null, NoAnswer.Failed);
        }
        catch (Exception)
        {
            return (null, NoAnswer.Gone);
        }
    }

    /// <summary>Counts as under way until the library has given it up, whoever has stopped to wait for it.</summary>
    private async Task<long[]?> RunAsync(StoreQuestion question)
    {
        try
        {
            return await _link.RunAsync(question);
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
