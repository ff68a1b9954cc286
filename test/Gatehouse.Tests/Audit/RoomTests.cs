using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Audit;

/// <summary>What a trail can keep while it cannot be written: ends of exchanges come before everything else.</summary>
public sealed class RoomTests : IDisposable
{
    private const int Room = 64 * 1024;
    private const int Owed = 20;

    private readonly TestTrail _trail = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trail.Dispose();

    [Fact]
    [Control("AUD-7", "ends have room while refusals fill the rest")]
    public async Task Refusals_do_not_take_the_room_of_ends_that_are_owed()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await BeginAsync(store))
        {
            for (var i = 0; i < Owed; i++)
            {
                Assert.True(trail.TryReserve());
                Assert.True(await trail.WriteAsync(TestTrail.Sample(i, AuditKind.Intent)));
            }

            await LoseAsync(trail, store);
            var refusals = 0;
            while (trail.Post(TestTrail.Sample(1000 + refusals))) refusals++;
            Assert.InRange(refusals, 1, 200);
            Assert.False(trail.TryReserve());
            for (var i = 0; i < Owed; i++) Assert.True(trail.Settle(TestTrail.Sample(i, AuditKind.Outcome)));
            await FindAsync(trail, store);
        }

        Assert.Equal(Owed, _trail.Read().Count(r => r.Kind == AuditKind.Outcome));
        Assert.DoesNotContain(_trail.Read(), r => r.Kind == AuditKind.Unknown);
        Assert.Equal((null, 0), Assert.Single(_trail.Verify(withCopies: true)) is var v ? (v.Fault, v.Open) : default);
    }

    [Fact]
    [Control("AUD-7", "an end without room becomes unknown")]
    public async Task An_end_that_has_no_room_all_the_same_leaves_its_intent_unknown_and_says_so()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await BeginAsync(store))
        {
            Assert.True(trail.TryReserve());
            Assert.True(await trail.WriteAsync(TestTrail.Sample(1, AuditKind.Intent)));
            await LoseAsync(trail, store);
            var large = new AuditRecord
            {
                Kind = AuditKind.Outcome,
                Time = DateTimeOffset.UnixEpoch,
                Outcome = AuditOutcome.Done,
                Intent = "request-1",
                About = [.. Enumerable.Range(0, 62).Select(i => new AboutEntry("customer", "k1", $"{i:x64}"))],
            };
            while (trail.Post(TestTrail.Sample(1000))) { }
            Assert.False(trail.Settle(large));
            await FindAsync(trail, store);
            await Eventually.HoldsAsync(() => Task.FromResult(_trail.Read().Any(r => r.Kind == AuditKind.Unknown)), Cancel);
        }

        Assert.Equal("request-1", Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Unknown).Intent);
        Assert.Contains("had no room for the outcomes of 1 exchanges", _trail.Told, StringComparison.Ordinal);
        using var reader = SqliteAuditReader.Open(_trail.File);
        Assert.Equal("request-1", Assert.Single(reader.Unknown()).RequestId);
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
        _trail.Change("DELETE FROM unknown");
        var fault = Assert.Single(_trail.Verify()).Fault;
        Assert.Contains("list of what is open was edited", fault?.What, StringComparison.Ordinal);
        Assert.Equal(Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Unknown).Sequence, fault?.Sequence);
    }

    [Fact]
    [Control("AUD-7", "what is missing is said once, also by a commit that failed after it was carried out")]
    public async Task What_was_not_taken_is_said_once_by_a_commit_that_was_carried_out_and_failed()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        using (var trail = await BeginAsync(store))
        {
            await LoseAsync(trail, store);
            while (trail.Post(TestTrail.Sample(1000))) { }
            store.FailureAfter = new IOException("nobody knows");
            await FindAsync(trail, store);
            await Eventually.HoldsAsync(async () => await trail.WriteAsync(TestTrail.Sample(2000)), Cancel);
        }

        Assert.Null(store.FailureAfter);
        var said = _trail.Read().Where(r => r.Kind == AuditKind.Gap).Sum(r => long.Parse(r.Details[0].Value, CultureInfo.InvariantCulture));
        Assert.Equal(_trail.Tally.NotTaken.Value, said);
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }

    private Task<AuditTrail> BeginAsync(FaultyStore store) =>
        _trail.BeginAsync(o => o with { RetryAfter = TimeSpan.FromMilliseconds(20), QueueBytes = Room }, store);

    private static async Task LoseAsync(AuditTrail trail, FaultyStore store)
    {
        store.Failure = store.FailureToOpen = new SqliteException("database or disk is full", 13);
        Assert.False(await trail.WriteAsync(TestTrail.Sample(900)));
        Assert.False(trail.Writable);
    }

    private static async Task FindAsync(AuditTrail trail, FaultyStore store)
    {
        store.Failure = store.FailureToOpen = null;
        await Eventually.HoldsAsync(() => Task.FromResult(trail.Writable), Cancel);
    }
}
