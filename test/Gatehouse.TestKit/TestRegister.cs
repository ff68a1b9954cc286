using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Register;
using Gatehouse.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.TestKit;

/// <summary>A register in a file of its own, what changes it, and what one instance knows of it, with a clock that the test moves.</summary>
internal sealed class TestRegister : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _clock;
    private readonly EventWriter _events;
    private readonly RegisterBook _book;
    private readonly StringWriter _told = new();
    private readonly TextWriter _telling;

    public TestRegister(FakeTimeProvider clock)
    {
        _clock = clock;
        _telling = TextWriter.Synchronized(_told);
        _events = new EventWriter(_telling, clock);
        Settings = new RegisterSettings("front/test", _folder.Of("kept"), TimeSpan.FromHours(1), Pepper) { Sqlite = _folder.Of("register.db") };
        _book = new RegisterBook(Settings);
        Known = Instance();
    }

    public static Secret Pepper { get; } = new("env:TEST", Encoding.ASCII.GetBytes("a pepper of at least thirty-two bytes"));

    public RegisterSettings Settings { get; }

    /// <summary>What the operator was told.</summary>
    public string Told
    {
        get
        {
            lock (_telling) return _told.ToString();
        }
    }

    public GatehouseMeter Meter { get; } = new();

    public KnownRegister Known { get; private set; }

    /// <summary>Begins to follow the store, and waits until it was asked once.</summary>
    public async Task<KnownRegister> StartAsync(CancellationToken cancel)
    {
        Known.Start();
        await Known.FirstLook.WaitAsync(Patience.Limit, cancel);
        return Known;
    }

    /// <summary>The same instance after a restart: it knows what was kept, and nothing else.</summary>
    public KnownRegister Restarted()
    {
        Known.Dispose();
        return Known = Instance();
    }

    /// <summary>Issues a key, and returns it.</summary>
    public async Task<NewApiKey> IssueAsync(string consumer, CancellationToken cancel, TimeSpan? life = null)
    {
        var key = ApiKeyText.Create();
        var issued = Issued(key, consumer, life);
        await ChangeAsync(content => RegisterEdit.Issue(content, issued), cancel);
        return key;
    }

    public IssuedKey Issued(NewApiKey key, string consumer, TimeSpan? life = null)
    {
        var hash = new byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(Pepper, key.Key, hash);
        var now = _clock.GetUtcNow();
        return new IssuedKey(key.Id, consumer, hash, now, now + (life ?? TimeSpan.FromDays(30))) { By = "anna", Reason = "a test" };
    }

    public Task SuspendAsync(SuspendedKind kind, string name, CancellationToken cancel, TimeSpan? until = null)
    {
        var now = _clock.GetUtcNow();
        return ChangeAsync(content => RegisterEdit.Suspend(content, new Suspension(kind, name, now, now + until, "anna", "a test")), cancel);
    }

    public async Task ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel)
    {
        if (await _book.ChangeAsync(decide, cancel) is { } refusal) throw new InvalidOperationException(refusal);
    }

    /// <summary>Lets a second pass, and waits until the instance knows what the store says.</summary>
    public async Task CatchUpAsync(CancellationToken cancel)
    {
        var before = Known.Current;
        await Eventually.HoldsAsync(
            () =>
            {
                _clock.Advance(KnownRegister.LookEvery); // the instance may not have begun to wait yet
                return Task.FromResult(!ReferenceEquals(Known.Current, before));
            },
            cancel);
    }

    /// <summary>Makes the store unreadable, as a broken disk would.</summary>
    public void Break()
    {
        foreach (var more in (string[])["", "-wal", "-shm"]) File.Delete(Settings.Sqlite + more);
        File.WriteAllText(Settings.Sqlite!, new string('x', 5000));
    }

    /// <summary>Takes the store away, and whatever was in it.</summary>
    public void Empty()
    {
        foreach (var more in (string[])["", "-wal", "-shm"]) File.Delete(Settings.Sqlite + more);
    }

    /// <summary>Copies the store, as a backup would. Nobody may have it open.</summary>
    public void Copy() => File.Copy(Settings.Sqlite!, _folder.Of("register.copy"));

    /// <summary>Puts the copy in the place of the store.</summary>
    public void PutBack()
    {
        Empty();
        File.Copy(_folder.Of("register.copy"), Settings.Sqlite!);
    }

    public async ValueTask DisposeAsync()
    {
        Known.Dispose();
        await _book.DisposeAsync();
        Meter.Dispose();
        await _telling.DisposeAsync();
        _folder.Dispose();
    }

    private KnownRegister Instance() => new(Settings, _clock, _events, Meter);
}
