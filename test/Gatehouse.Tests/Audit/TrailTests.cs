using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Audit;

public sealed class TrailTests : IDisposable
{
    private readonly TestTrail _trail = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trail.Dispose();

    [Fact]
    public async Task Many_who_wait_share_one_durable_write()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        const int writers = 64, each = 20;
        using (var trail = await _trail.BeginAsync(store: store))
        {
            var written = await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
            {
                var count = 0;
                for (var i = 0; i < each; i++)
                    if (await trail.WriteAsync(TestTrail.Sample(w * each + i))) count++;
                return count;
            }, Cancel)));
            Assert.Equal(writers * each, written.Sum());
        }

        Assert.InRange(store.Commits, 1, writers * each / 4);
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
        Assert.Equal(writers * each, _trail.Read().Select(r => r.RequestId).OfType<string>().Distinct().Count());
    }

    [Fact]
    public async Task What_nobody_waits_for_is_written_together()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await _trail.BeginAsync(store: store))
            for (var i = 0; i < 500; i++) Assert.True(trail.Post(TestTrail.Sample(i)));

        Assert.InRange(store.Commits, 1, 50);
        Assert.Equal(502, _trail.Read().Count);
    }

    [Fact]
    [Control("AUD-7", "the trail itself says that it cannot be written")]
    public async Task Acknowledges_nothing_while_the_disk_fails_and_goes_on_by_itself()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await _trail.BeginAsync(o => o with { RetryAfter = TimeSpan.FromMilliseconds(20) }, store))
        {
            Assert.True(await trail.WriteAsync(TestTrail.Sample(1)));
            store.Failure = store.FailureToOpen = new SqliteException("database or disk is full", 13);
            Assert.False(await trail.WriteAsync(TestTrail.Sample(2)));
            Assert.False(trail.Writable);
            Assert.False(await trail.WriteAsync(TestTrail.Sample(3))); // at once
            Assert.True(trail.Post(TestTrail.Sample(4))); // kept until it can be written
            await Eventually.HoldsAsync(() => Task.FromResult(_trail.Tally.IsLost), Cancel);

            store.Failure = store.FailureToOpen = null;
            await Eventually.HoldsAsync(() => Task.FromResult(trail.Writable), Cancel);
            Assert.True(await trail.WriteAsync(TestTrail.Sample(5)));
        }

        Assert.Equal(["request-1", "request-4", "request-5"], _trail.Read().Select(r => r.RequestId).OfType<string>());
        Assert.Contains("cannot be written", _trail.Told, StringComparison.Ordinal);
        Assert.Contains("written again", _trail.Told, StringComparison.Ordinal);
        var gap = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Gap);
        Assert.Equal("not-taken", Assert.Single(gap.Details).Name);
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }

    [Fact]
    public async Task Nobody_waits_longer_than_is_allowed_for_a_disk_that_hangs()
    {
        var clock = new FakeTimeProvider();
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await _trail.BeginAsync(store: store, clock: clock))
        {
            store.Hang();
            var first = trail.WriteAsync(TestTrail.Sample(1)).AsTask();
            await Eventually.HoldsAsync(() => Task.FromResult(store.Hanging == 1), Cancel);
            var second = trail.WriteAsync(TestTrail.Sample(2)).AsTask(); // waits behind it
            Assert.False(first.IsCompleted || second.IsCompleted);

            for (var i = 0; i < 5; i++) clock.Advance(TimeSpan.FromMilliseconds(501));
            Assert.False(await first.WaitAsync(Patience.Limit, Cancel));
            Assert.False(await second.WaitAsync(Patience.Limit, Cancel));
            Assert.False(trail.Writable);
            Assert.False(await trail.WriteAsync(TestTrail.Sample(3)));

            store.GoOn();
            await Eventually.HoldsAsync(() => Task.FromResult(trail.Writable), Cancel);
            Assert.True(await trail.WriteAsync(TestTrail.Sample(4)));
        }

        // the first was under way and is there, though nobody may rely upon it; the second was not
        Assert.Equal(["request-1", "request-4"], _trail.Read().Select(r => r.RequestId).OfType<string>());
    }

    [Fact]
    public async Task What_could_not_be_written_before_the_end_is_counted()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        var trail = await _trail.BeginAsync(o => o with { QueueBytes = 8 * 1024 }, store);
        store.Hang();
        Assert.True(trail.Post(TestTrail.Sample(0)));
        await Eventually.HoldsAsync(() => Task.FromResult(store.Hanging == 1), Cancel);
        var posted = 1;
        for (var isTaken = true; isTaken; posted++) isTaken = trail.Post(TestTrail.Sample(posted)); // the last one has no room

        trail.Dispose(); // gives up after five seconds

        Assert.Contains($"{posted} records of the audit trail could not be written before the end", _trail.Told, StringComparison.Ordinal);
        store.GoOn();
    }

    [Fact]
    public async Task A_commit_that_failed_after_it_was_carried_out_is_not_done_twice_and_is_sent_to_a_collector()
    {
        var collector = new MemoryLines();
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await _trail.BeginAsync(o => o with { RetryAfter = TimeSpan.FromMilliseconds(20), Shipped = collector }, store))
        {
            store.FailureAfter = new IOException("nobody knows");
            Assert.True(trail.Post(TestTrail.Sample(1)));
            Assert.False(await trail.WriteAsync(TestTrail.Sample(2)));
            await Eventually.HoldsAsync(() => Task.FromResult(trail.Writable), Cancel);
            Assert.True(await trail.WriteAsync(TestTrail.Sample(3)));
        }

        Assert.Equal(["request-1", "request-2", "request-3"], _trail.Read().Select(r => r.RequestId).OfType<string>());
        Assert.Equal(_trail.Records().Select(r => r.Line!).Select(System.Text.Encoding.UTF8.GetString), collector.Lines);
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }

    [Fact]
    public async Task Takes_no_more_than_it_may_keep_and_says_how_much_it_did_not()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        const int records = 200;
        var taken = 0;
        using (var trail = await _trail.BeginAsync(o => o with { QueueBytes = 32 * 1024 }, store))
        {
            store.Hang();
            for (var i = 0; i < records; i++)
                if (trail.Post(TestTrail.Sample(i))) taken++;
            Assert.InRange(taken, 10, 100);
            store.GoOn();
        }

        var gaps = _trail.Read().Where(r => r.Kind == AuditKind.Gap).Sum(r => int.Parse(r.Details[0].Value));
        Assert.Equal((taken, records - taken), (_trail.Read().Count(r => r.RequestId is not null), gaps));
        Assert.Equal(records - taken, _trail.Tally.NotTaken.Value);
    }

    [Fact]
    public async Task Signs_after_so_many_records()
    {
        using (var trail = await _trail.BeginAsync(o => o with { CheckpointEvery = 5, CheckpointAfter = TimeSpan.FromHours(1) }))
            for (var i = 0; i < 17; i++) Assert.True(await trail.WriteAsync(TestTrail.Sample(i)));
        using var reader = SqliteAuditReader.Open(_trail.File);
        Assert.Equal([5, 10, 15, 19], reader.Checkpoints(reader.Chains()[0]).Select(c => c.Size));
        Assert.Equal([5, 10, 15, 19], CheckpointCopies.Read(_trail.Copies).Select(c => c.Checkpoint.Size));
    }

    [Fact]
    public async Task Signs_after_so_much_time()
    {
        var clock = new FakeTimeProvider();
        using var trail = await _trail.BeginAsync(clock: clock);
        Assert.True(await trail.WriteAsync(TestTrail.Sample(1)));
        Assert.Empty(CheckpointCopies.Read(_trail.Copies));
        clock.Advance(TimeSpan.FromSeconds(10));
        await Eventually.HoldsAsync(() => Task.FromResult(CheckpointCopies.Read(_trail.Copies).Any(c => c.Checkpoint.Size == 2)), Cancel);
    }

    [Fact]
    public async Task Signs_although_the_timer_comes_a_moment_early()
    {
        var clock = new EarlyClock();
        using var trail = await _trail.BeginAsync(clock: clock);
        Assert.True(await trail.WriteAsync(TestTrail.Sample(1)));
        var changes = clock.Changes;
        clock.Advance(TimeSpan.FromMilliseconds(9_999)); // the timer is due, the checkpoint is not
        await Eventually.HoldsAsync(() => Task.FromResult(clock.Changes > changes), Cancel);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.HoldsAsync(() => Task.FromResult(CheckpointCopies.Read(_trail.Copies).Any(c => c.Checkpoint.Size == 2)), Cancel);
    }

    [Fact]
    [Control("AUD-11")]
    public async Task Copies_that_cannot_be_made_cost_an_event_and_a_count_and_no_record()
    {
        Directory.Delete(_trail.Copies);
        await File.WriteAllTextAsync(_trail.Copies, "in the way", Cancel);
        using (var trail = await _trail.BeginAsync(o => o with { CheckpointEvery = 1 }))
        {
            Assert.True(await trail.WriteAsync(TestTrail.Sample(1)));
            await Eventually.HoldsAsync(() => Task.FromResult(_trail.Told.Contains("cannot be copied", StringComparison.Ordinal)), Cancel);
            Assert.True(_trail.Tally.CopyFailures!() > 0);
            Assert.True(trail.Writable);
            File.Delete(_trail.Copies);
            await Eventually.HoldsAsync(() => Task.FromResult(Directory.Exists(_trail.Copies)), Cancel); // what could not be copied comes after
        }

        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
        Assert.NotEmpty(CheckpointCopies.Read(_trail.Copies));
    }

    [Fact]
    public async Task A_second_process_does_not_write_to_the_same_file()
    {
        using (var trail = await _trail.BeginAsync())
        {
            using var second = _trail.Open(o => o with { Instance = "edge-2" });
            Assert.False(await second.Begun.WaitAsync(Patience.Limit, Cancel));
            Assert.False(await second.WriteAsync(TestTrail.Sample(1)));
            Assert.Contains("another process writes this trail", _trail.Told, StringComparison.Ordinal);

            // the command line has a chain of its own
            var command = new SqliteAuditStore(_trail.File, SqliteAuditStore.CommandLine);
            using var third = await _trail.BeginAsync(o => o with { Instance = "command-line" }, command);
            Assert.True(await third.WriteAsync(TestTrail.Sample(2)));
            Assert.True(await trail.WriteAsync(TestTrail.Sample(3)));
        }

        Assert.Equal(["edge-1", "command-line"], _trail.Verify(withCopies: true).Where(v => v.Fault is null).Select(v => v.Chain.Instance));
    }

    [Fact]
    public async Task The_file_is_for_its_owner_only()
    {
        if (OperatingSystem.IsWindows()) return;
        using var trail = await _trail.BeginAsync();
        foreach (var file in new[] { "", "-wal", "-shm", ".lock" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_trail.File + file));
    }
}
