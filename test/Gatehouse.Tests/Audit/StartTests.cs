using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>What an instance finds when it starts, and what it records of that.</summary>
public sealed class StartTests : IDisposable
{
    private readonly TestTrail _trail = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trail.Dispose();

    [Fact]
    [Control("AUD-6", "a chain goes on over restarts, and names its instance")]
    public async Task A_run_follows_on_the_one_before()
    {
        await _trail.WriteAsync(2);
        await _trail.WriteAsync(1);

        Assert.Equal(["start", "exchange", "exchange", "stop", "start", "exchange", "stop"], Kinds());
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7], _trail.Read().Select(r => r.Sequence));
        Assert.All(_trail.Read(), r => Assert.Equal("edge-1", r.Instance));
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }

    [Fact]
    [Control("AUD-6")]
    public async Task A_chain_in_a_new_file_says_on_which_it_follows()
    {
        await _trail.WriteAsync(2);
        var before = _trail.Verify()[0].Chain.Origin;
        var old = _trail.File + ".old";
        File.Move(_trail.File, old);
        await _trail.WriteAsync(1);

        var check = _trail.Check(withCopies: true);
        foreach (var file in new[] { old, _trail.File })
        {
            using var reader = SqliteAuditReader.Open(file);
            var verdict = Assert.Single(check.Check(reader));
            Assert.Null(verdict.Fault);
            Assert.Equal(file == old ? null : before, verdict.Follows);
        }

        Assert.Empty(check.Missing(ofSameInstances: true));
    }

    [Fact]
    [Control("AUD-5", "what is found at the next start")]
    public async Task A_run_that_did_not_stop_is_told_of()
    {
        await BreakOffAsync(3);
        await _trail.WriteAsync(1);

        Assert.Equal(["start", "exchange", "exchange", "exchange", "start", "repair", "exchange", "stop"], Kinds());
        var (start, repair) = (_trail.Read()[4], _trail.Read()[5]);
        Assert.Equal((1L, 4L), (start.First, start.Last)); // those had no checkpoint when this run began
        Assert.Contains(repair.Details, d => d is { Name: "last-whole", Value: "4" });
        Assert.Contains("did not stop in good order", _trail.Told, StringComparison.Ordinal);
        var verdict = Assert.Single(_trail.Verify(withCopies: true));
        Assert.Equal((null, 1), (verdict.Fault?.What, verdict.Repairs));
    }

    [Fact]
    [Control("AUD-5", "what is not whole")]
    public async Task What_is_not_whole_behind_the_last_checkpoint_goes_aside()
    {
        await BreakOffAsync(5);
        _trail.Change("UPDATE records SET line = substr(line, 1, 100) WHERE sequence = 4");

        await _trail.WriteAsync(1);

        var repair = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Repair);
        Assert.Equal((4L, 6L), (repair.First, repair.Last));
        Assert.Contains(repair.Details, d => d is { Name: "set-aside", Value: "3" });
        Assert.Null(Assert.Single(_trail.Verify()).Fault);
    }

    [Fact]
    public async Task What_a_checkpoint_is_over_is_never_written_over()
    {
        await _trail.WriteAsync(5);
        _trail.Change("DELETE FROM records WHERE sequence > 4");

        using var trail = _trail.Open();

        Assert.False(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        Assert.False(trail.Writable);
        Assert.Contains("under a checkpoint", _trail.Told, StringComparison.Ordinal);
        Assert.Equal(5, Assert.Single(_trail.Verify()).Fault?.Sequence);
    }

    [Fact]
    public async Task Records_that_were_signed_and_are_gone_are_told_of_by_the_second_place()
    {
        await _trail.WriteAsync(5, o => o with { CheckpointEvery = 3 });
        _trail.Change("DELETE FROM records WHERE sequence > 3; DELETE FROM checkpoints WHERE size > 3");

        await _trail.WriteAsync(1);

        var gap = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Gap);
        Assert.Equal((4L, 7L), (gap.First, gap.Last));
        Assert.Contains("7 were signed", _trail.Told, StringComparison.Ordinal);
        Assert.NotNull(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }

    /// <summary>A tail that was made anew while the instance was stopped is not signed by it.</summary>
    [Fact]
    public async Task Records_that_are_not_those_that_were_signed_are_not_gone_on_from()
    {
        await _trail.WriteAsync(5, o => o with { CheckpointEvery = 3 });
        using (var forger = new TestTrail())
        {
            await forger.WriteAsync(5, o => o with { CheckpointEvery = 3 });
            _trail.Change($"DELETE FROM checkpoints; DELETE FROM records; ATTACH '{forger.File}' AS forged; INSERT INTO records SELECT * FROM forged.records");
        }

        using var trail = _trail.Open();

        Assert.False(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        Assert.Contains("are not those that were signed", _trail.Told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_intent_without_an_outcome_becomes_unknown_until_it_is_closed()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        var trail = await _trail.BeginAsync(o => o with { CheckpointEvery = 2 }, store);
        foreach (var number in new[] { 1, 2, 3 }) Assert.True(await trail.WriteAsync(TestTrail.Sample(number, AuditKind.Intent)));
        Assert.True(await trail.WriteAsync(TestTrail.Sample(2, AuditKind.Outcome)));
        await KillAsync(trail, store);

        using (var next = await _trail.BeginAsync(o => o with { CheckpointEvery = 1 })) // a closing is signed as it is said
        {
            using var reader = SqliteAuditReader.Open(_trail.File);
            Assert.Equal(["request-1", "request-3"], reader.Unknown().Select(u => u.RequestId));
            Assert.Equal(["request-1", "request-3"], _trail.Read().Where(r => r.Kind == AuditKind.Unknown).Select(r => r.Intent));
            Assert.True(await next.WriteAsync(new AuditRecord
            {
                Kind = AuditKind.Closed,
                Time = DateTimeOffset.UnixEpoch,
                Intent = "request-1",
                Who = "anna",
                Reason = "the order is there",
            }));
            Assert.Equal("request-3", Assert.Single(reader.Unknown()).RequestId);
        }

        var command = new SqliteAuditStore(_trail.File, SqliteAuditStore.CommandLine);
        using (var other = await _trail.BeginAsync(o => o with { Instance = "another", CheckpointEvery = 1 }, command))
        {
            var closed = new AuditRecord { Kind = AuditKind.Closed, Time = DateTimeOffset.UnixEpoch, Intent = "request-3", Who = "anna" };
            Assert.True(await other.WriteAsync(closed));
        }

        await _trail.WriteAsync(1); // and another start does not tell of them anew
        using (var reader = SqliteAuditReader.Open(_trail.File)) Assert.Empty(reader.Unknown());
        Assert.Equal(2, _trail.Read().Count(r => r.Kind == AuditKind.Unknown));
        Assert.All(_trail.Verify(withCopies: true), v => Assert.Equal((null, 0), (v.Fault, v.Open)));
    }

    [Fact]
    [Control("AUD-5", "what the gateway left open under another name")]
    public async Task An_intent_of_a_chain_that_nobody_goes_on_with_becomes_unknown_at_the_next_start_of_another()
    {
        await LeaveOpenAsync(1, 2);

        for (var i = 0; i < 2; i++) await _trail.WriteAsync(1, UnderAnotherName); // and the second start finds nothing to do

        using var reader = SqliteAuditReader.Open(_trail.File);
        Assert.Equal(["request-1", "request-2"], reader.Unknown().Select(u => u.RequestId));
        var before = Assert.Single(reader.Chains(), c => c.Instance == "edge-1");
        var records = reader.Records(before).Select(r => RecordReader.Read(r)!.Record).ToList();
        Assert.Equal(["start", "intent", "intent", "start", "repair", "unknown", "unknown", "stop"], records.Select(r => AuditWords.Of(r.Kind)));
        Assert.Contains(records[3].Details, d => d is { Name: "by", Value: "back-door" });
        Assert.Contains("of 2 exchanges of 'edge-1' that were under way when the run before ended nobody knows", _trail.Told, StringComparison.Ordinal);
        Assert.Equal(2, _trail.Verify(withCopies: true).Count);
        Assert.All(_trail.Verify(withCopies: true), v => Assert.Equal((null, v.Last), (v.Fault, v.Signed)));
    }

    [Fact]
    public async Task A_chain_that_nobody_goes_on_with_is_left_as_it_is_where_it_does_not_verify()
    {
        await LeaveOpenAsync(1, 2);
        _trail.Change("UPDATE records SET line = CAST(replace(line, 'web-shop', 'web-sh0p') AS BLOB) WHERE sequence = 2");
        var before = _trail.Records().Count;

        await _trail.WriteAsync(1, UnderAnotherName);

        using var reader = SqliteAuditReader.Open(_trail.File);
        Assert.Empty(reader.Unknown());
        Assert.Equal(before, reader.Last(reader.Chains()[0]));
        Assert.Single(_trail.Told.Split('\n'), l => l.Contains("of 'edge-1', which is gone, have no end", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_key_signs_on_when_the_one_before_is_known()
    {
        await _trail.WriteAsync(3);
        var next = CheckpointKey.Create();
        using (var refused = _trail.Open(o => o with { Key = next }))
            Assert.False(await refused.Begun.WaitAsync(Patience.Limit, Cancel));

        await _trail.WriteAsync(3, o => o with { Key = next, FormerKeys = [_trail.Key.Public] });

        using var reader = SqliteAuditReader.Open(_trail.File);
        Assert.Null(Assert.Single(new TrailCheck([_trail.Key.Public, next.Public], null).Check(reader)).Fault);
        Assert.NotNull(Assert.Single(new TrailCheck([next.Public], null).Check(reader)).Fault);
    }

    private static AuditTrailOptions UnderAnotherName(AuditTrailOptions options) => options with { Gateway = "back-door", Instance = "back-door" };

    /// <summary>Intents in a run that does not stop, the first of them under a checkpoint.</summary>
    private async Task LeaveOpenAsync(params int[] numbers)
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        var trail = await _trail.BeginAsync(o => o with { CheckpointEvery = 2 }, store);
        foreach (var number in numbers) Assert.True(await trail.WriteAsync(TestTrail.Sample(number, AuditKind.Intent)));
        await KillAsync(trail, store);
    }

    private IEnumerable<string> Kinds() => _trail.Read().Select(r => AuditWords.Of(r.Kind));

    /// <summary>So many records in a run that does not stop: its disk is gone before.</summary>
    private async Task BreakOffAsync(int count)
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        var trail = await _trail.BeginAsync(store: store);
        for (var i = 0; i < count; i++) Assert.True(await trail.WriteAsync(TestTrail.Sample(i)));
        await KillAsync(trail, store);
    }

    private static async Task KillAsync(AuditTrail trail, FaultyStore store)
    {
        store.Failure = store.FailureToOpen = new IOException("the disk is gone");
        await Task.Run(trail.Dispose, Cancel);
    }
}
