using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Audit;

/// <summary>Chains in one PostgreSQL whose instances are gone, and one instance that looks at them, by a clock of its own.</summary>
public sealed class OtherChainsTests : IAsyncLifetime
{
    private readonly TestTrail _keys = new();
    private readonly StringWriter _told = new();
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private PostgresServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Told
    {
        get
        {
            lock (_told) return _told.ToString();
        }
    }

    public async ValueTask InitializeAsync() => _server = await PostgresServer.StartAsync(Cancel);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _keys.Dispose();
    }

    [Fact]
    [Control("AUD-5", "an instance that is gone and has no successor, and one that runs")]
    public async Task What_an_instance_that_is_gone_left_open_becomes_unknown_and_what_another_has_under_way_does_not()
    {
        await using var running = await InstanceAsync("edge-1");
        Assert.True(await running.Trail.WriteAsync(TestTrail.Sample(1, AuditKind.Intent)));
        await LeaveOpenAsync(2, "edge-2");
        using var looking = await LookAsync();

        await UnknownAsync("request-2");
        await LeaveOpenAsync(3, "edge-3"); // and one that is gone later
        await UnknownAsync("request-2", "request-3");

        Assert.True(await running.Trail.WriteAsync(TestTrail.Sample(1, AuditKind.Outcome)));
        Assert.Equal(["start", "intent", "start", "repair", "unknown", "stop"], Kinds("edge-2"));
        Assert.Equal(["start", "intent", "outcome"], Kinds("edge-1"));
        Assert.Contains("of 1 exchanges of 'edge-2' that were under way when the run before ended nobody knows", Told, StringComparison.Ordinal);
        await using (var again = await InstanceAsync("edge-2")) Assert.True(await again.Trail.WriteAsync(TestTrail.Sample(4)));
        running.Trail.Dispose();
        looking.Dispose();
        using var reader = Reader();
        Assert.All(_keys.Check(withCopies: true).Check(reader), v => Assert.Equal((null, v.Last), (v.Fault, v.Signed)));
    }

    [Fact]
    [Control("AUD-7", "an instance that was cut off and comes back")]
    public async Task What_an_instance_could_not_write_while_it_was_cut_off_is_written_though_another_has_looked_at_its_chain()
    {
        await using var cut = await InstanceAsync("edge-1");
        Assert.True(await cut.Trail.WriteAsync(TestTrail.Sample(1, AuditKind.Intent)));
        cut.Store.Failure = cut.Store.FailureToOpen = new IOException("it cannot be reached");
        Assert.True(cut.Trail.Post(TestTrail.Sample(1, AuditKind.Outcome)));
        using var looking = await LookAsync();
        await UnknownAsync("request-1");

        cut.Store.Failure = cut.Store.FailureToOpen = null;

        await Eventually.HoldsAsync(() => Task.FromResult(Kinds("edge-1").Contains("outcome")), Cancel);
        using var reader = Reader();
        Assert.Empty(reader.Unknown());
        Assert.All(_keys.Check(withCopies: false).Check(reader), v => Assert.Equal((null, 0), (v.Fault, v.Open)));
    }

    [Fact]
    public async Task A_chain_of_another_key_is_left_as_it_is_and_told_of_once()
    {
        await LeaveOpenAsync(1, "edge-1", o => o with { Key = CheckpointKey.Create(), CheckpointEvery = 1 });
        using var looking = await LookAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(Passes() && Told.Contains("cannot be gone on with", StringComparison.Ordinal)), Cancel);

        await LeaveOpenAsync(2, "edge-2");
        await UnknownAsync("request-2"); // the looks go on

        Assert.Single(Told.Split('\n'), l => l.Contains("cannot be gone on with", StringComparison.Ordinal));
        Assert.Equal(["start", "intent"], Kinds("edge-1"));
    }

    /// <summary>Another gateway may have another key, by which it would not know what this one signs.</summary>
    [Fact]
    public async Task A_chain_of_another_gateway_that_has_no_checkpoint_gets_none()
    {
        var theirs = CheckpointKey.Create();
        await LeaveOpenAsync(1, "back-office-1", ofOther);
        using var looking = await LookAsync();
        await UnknownAsync("request-1");

        using (var reader = Reader()) Assert.Empty(reader.Checkpoints(Assert.Single(reader.Chains(), c => c.Instance == "back-office-1")));
        await using var again = await InstanceAsync("back-office-1", ofOther);
        Assert.True(await again.Trail.WriteAsync(TestTrail.Sample(2)));

        AuditTrailOptions ofOther(AuditTrailOptions options) => options with { Gateway = "back-office", Key = theirs, Copies = null };
    }

    /// <summary>Whose clock the test has.</summary>
    private async Task<AuditTrail> LookAsync()
    {
        var trail = new AuditTrail(
            new PostgresAuditStore(Settings(), new AuditPlaces(_clock)), _keys.Options with { Instance = "front-door" },
            new EventWriter(TextWriter.Synchronized(_told), TimeProvider.System), _clock, new AuditTally());
        Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        return trail;
    }

    /// <summary>Those and no others, some minutes later.</summary>
    private Task UnknownAsync(params string[] requests) => Eventually.HoldsAsync(() =>
    {
        Passes();
        using var reader = Reader();
        return Task.FromResult(reader.Unknown().Select(u => u.RequestId).Order(StringComparer.Ordinal).SequenceEqual(requests));
    }, Cancel);

    private bool Passes()
    {
        _clock.Advance(TimeSpan.FromSeconds(5));
        return true;
    }

    /// <summary>An intent of an instance that is gone before its end.</summary>
    private async Task LeaveOpenAsync(int number, string instance, Func<AuditTrailOptions, AuditTrailOptions>? with = null)
    {
        await using var killed = await InstanceAsync(instance, with);
        Assert.True(await killed.Trail.WriteAsync(TestTrail.Sample(number, AuditKind.Intent)));
        killed.Store.Failure = killed.Store.FailureToOpen = new IOException("it is gone");
    }

    private async Task<Instance> InstanceAsync(string instance, Func<AuditTrailOptions, AuditTrailOptions>? with = null)
    {
        var store = new FaultyStore(new PostgresAuditStore(Settings()));
        var options = _keys.Options with { Instance = instance };
        var trail = new AuditTrail(
            store, with?.Invoke(options) ?? options, new EventWriter(TextWriter.Null, TimeProvider.System), TimeProvider.System, new AuditTally());
        Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        return new Instance(trail, store);
    }

    private List<string> Kinds(string instance)
    {
        using var reader = Reader();
        var chain = Assert.Single(reader.Chains(), c => c.Instance == instance);
        return [.. reader.Records(chain).Select(r => AuditWords.Of(RecordReader.Read(r)!.Record.Kind))];
    }

    private PostgresAuditReader Reader() => PostgresAuditReader.Open(Settings());

    private PostgresSettings Settings() => PostgresSettings.Parse(new Secret("test", Encoding.UTF8.GetBytes(_server.Connection)), out _)!;

    private sealed record Instance(AuditTrail Trail, FaultyStore Store) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Task.Run(Trail.Dispose, Cancel);
    }
}
