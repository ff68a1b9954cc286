using Gatehouse.Telemetry;

namespace Gatehouse.Register;

/// <summary>
/// The register as this instance knows it. It is read beside the exchanges, which only look at <see cref="Current"/>: every second, and as soon as
/// the store says that something has changed. While the store is lost, what was known last holds; from its age on, issued keys do not.
/// </summary>
internal sealed class KnownRegister : IDisposable
{
    /// <summary>How often the store is asked, whatever it says by itself.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MostForALook = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OtherClocks = TimeSpan.FromMinutes(1);
    private const int RenewalsInALife = 10;

    private readonly RegisterSettings _settings;
    private readonly Func<RegisterStore> _open;
    private readonly TimeProvider _clock;
    private readonly RegisterNews _news;
    private readonly RegisterTally _tally;
    private readonly KeptRegister _kept;
    private readonly TaskCompletionSource _firstLook = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private RegisterView _view = RegisterView.Unknown;
    private RegisterContent? _content;
    private (TimeSpan Age, long At) _proved;
    private long _savedAt;
    private bool _tooOld = true; // until somebody has said something, there is nothing to go by
    private bool _isSaved;
    private CancellationTokenSource? _running;
    private ITimer? _ageing;

    public KnownRegister(
        RegisterSettings settings, TimeProvider clock, EventWriter? events, GatehouseMeter meter, Func<RegisterStore>? open = null)
    {
        (_settings, _clock) = (settings, clock);
        _open = open ?? (() => RegisterStore.Open(settings));
        _kept = new KeptRegister(settings);
        _tally = meter.Register;
        _news = new RegisterNews(settings, events, _tally);
    }

    /// <summary>What is known now: an exchange takes it once.</summary>
    public RegisterView Current => Volatile.Read(ref _view);

    /// <summary>Whether what is known is too old for issued keys.</summary>
    public bool IsTooOld => Volatile.Read(ref _tooOld);

    /// <summary>Whether the store cannot be asked at the moment.</summary>
    public bool IsLost => _news.IsLost;

    /// <summary>How long ago the store has last said that it is so; null when nothing is known.</summary>
    public TimeSpan? Age
    {
        get
        {
            lock (_gate) return _content is null ? null : _proved.Age + _clock.GetElapsedTime(_proved.At);
        }
    }

    /// <summary>Done once the store was asked, whatever it said.</summary>
    public Task FirstLook => _firstLook.Task;

    /// <summary>
    /// Takes what was kept, and begins to follow the store. A register that is not started knows nothing; one that was followed before begins like
    /// any other: what it knew itself may be older than what another has kept since.
    /// </summary>
    public void Start()
    {
        CancellationToken cancel;
        lock (_gate)
        {
            if (_running is not null) return;
            _running = new CancellationTokenSource();
            cancel = _running.Token;
            _tally.Age = () => Age;
            TakeKept();
            Look();
            _ageing = _clock.CreateTimer(static register => ((KnownRegister)register!).Look(), this, LookEvery, LookEvery);
        }

        _ = Task.Run(() => FollowAsync(cancel), CancellationToken.None);
    }

    /// <summary>Leaves the store. What is known stays as it is, for exchanges that began with it.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _running?.Cancel(); // it is never disposed: who follows may still look at it
            _running = null;
            _ageing?.Dispose();
            _ageing = null;
        }
    }

    public void Dispose() => Stop();

    private async Task FollowAsync(CancellationToken cancel)
    {
        RegisterStore? store = null;
        try
        {
            store = _open();
            await FollowAsync(store, cancel);
        }
        catch (Exception e)
        {
            _news.Lost(e);
            _firstLook.TrySetResult();
        }
        finally
        {
            if (store is not null) await store.DisposeAsync();
        }
    }

    private async Task FollowAsync(RegisterStore store, CancellationToken cancel)
    {
        var failed = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await LookAsync(store, cancel);
                failed = false;
            }
            catch (Exception) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                var again = !failed; // one connection that has ended says nothing about the store
                failed = true;
                if (again) continue;
                _news.Lost(e);
                _firstLook.TrySetResult();
            }

            await PauseAsync(store, cancel);
        }
    }

    private async Task PauseAsync(RegisterStore store, CancellationToken cancel)
    {
        try
        {
            await store.WaitAsync(LookEvery, _clock, cancel);
        }
        catch (OperationCanceledException)
        {
            // the loop looks at it
        }
    }

    private async Task LookAsync(RegisterStore store, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(MostForALook);
        var stamp = _clock.GetTimestamp(); // it is as old as the question
        var known = _content;
        var version = await store.VersionAsync(limit.Token);
        if (version is null && known is { Version.Number: > 0 }) throw new EmptiedException();
        var content = version is null ? known ?? RegisterContent.Empty : version == known?.Version ? known : await store.ReadAsync(limit.Token);
        Take(content, stamp, store.Unsealed, cancel);
    }

    /// <summary>What the store says is in force from here on.</summary>
    private void Take(RegisterContent content, long stamp, int unsealed, CancellationToken cancel)
    {
        bool isNew;
        var stricter = 0;
        lock (_gate)
        {
            if (cancel.IsCancellationRequested) return; // somebody else may keep the file by now
            isNew = !ReferenceEquals(content, _content);
            if (isNew)
            {
                _content = _content is null ? content : _content.Followed(content, out stricter);
                Volatile.Write(ref _view, RegisterView.Of(_content, _view));
            }

            _proved = (TimeSpan.Zero, stamp);
            Look();
            if (isNew || !_isSaved || _clock.GetElapsedTime(_savedAt) >= _settings.MaxAge / RenewalsInALife) Save(_content!);
        }

        _news.Found();
        if (isNew) _news.Changed(content.Version.Number, Current, stricter, unsealed);
        _firstLook.TrySetResult();
    }

    private void TakeKept()
    {
        _content = _kept.Read(out var provedAt, out var why);
        Volatile.Write(ref _view, _content is null ? RegisterView.Unknown : RegisterView.Of(_content)); // in one step: exchanges may look at it
        if (_content is null)
        {
            _news.NothingKept(why);
            return;
        }

        var age = _clock.GetUtcNow() - provedAt;
        if (age < -OtherClocks) age = _settings.MaxAge; // who is from the future says nothing about now
        _proved = (age < TimeSpan.Zero ? TimeSpan.Zero : age, _clock.GetTimestamp());
        _news.Kept(Current, age);
    }

    private void Save(RegisterContent content)
    {
        try
        {
            _kept.Save(content, _clock.GetUtcNow());
            _savedAt = _clock.GetTimestamp();
            _isSaved = true;
            _news.CanBeKept();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _isSaved = false; // tried again with the next look
            _news.CannotBeKept(e);
        }
    }

    /// <summary>Looks at how old it is.</summary>
    private void Look()
    {
        var age = Age;
        var tooOld = age is null || age >= _settings.MaxAge;
        if (tooOld == IsTooOld) return;
        Volatile.Write(ref _tooOld, tooOld);
        _news.Aged(tooOld);
    }
}

/// <summary>A store that holds nothing of what was known to be in it.</summary>
internal sealed class EmptiedException() : Exception("it holds nothing of what was known");
