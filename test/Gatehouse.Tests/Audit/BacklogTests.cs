using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Audit;

/// <summary>What has gathered while a store could not be written.</summary>
public sealed class BacklogTests : IDisposable
{
    private const int Count = 4_000;

    private readonly TestTrail _trail = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trail.Dispose();

    [Fact]
    public async Task It_is_written_in_several_transactions_because_a_store_may_have_little_time_for_one()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));

        await WriteAsync(store);

        Assert.InRange(store.MostBytes, TrailPortion.MostBytes / 2, TrailPortion.MostBytes * 3 / 2); // a portion is counted without the chain's part
        HasAll();
    }

    [Fact]
    public async Task Of_a_transaction_of_which_nobody_knows_whether_it_was_carried_out_nothing_is_written_twice()
    {
        var store = new FaultyStore(new SqliteAuditStore(_trail.File));
        var (before, hasFailed) = (0, false);

        await WriteAsync(store, () =>
        {
            if (before == 0) before = store.Commits;
            if (store.Commits != before + 1) return; // the second one of several
            store.FailureAfter = new IOException("nobody knows");
            hasFailed = true;
        });

        Assert.True(hasFailed);
        HasAll();
    }

    private async Task WriteAsync(FaultyStore store, Action? committed = null)
    {
        using var trail = await _trail.BeginAsync(o => o with { RetryAfter = TimeSpan.FromMilliseconds(20), QueueBytes = 8 << 20 }, store);
        store.Failure = store.FailureToOpen = new SqliteException("database or disk is full", 13);
        Assert.True(trail.Post(TestTrail.Sample(0)));
        await Eventually.HoldsAsync(() => Task.FromResult(_trail.Tally.IsLost), Cancel);
        for (var i = 1; i < Count; i++) Assert.True(trail.Post(TestTrail.Sample(i)));
        store.Committed = committed;
        store.Failure = store.FailureToOpen = null;
        await Eventually.HoldsAsync(() => Task.FromResult(_trail.Read().Any(r => r.RequestId == $"request-{Count - 1}")), Cancel);
    }

    private void HasAll()
    {
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"request-{i}"), _trail.Read().Select(r => r.RequestId).OfType<string>());
        Assert.Null(Assert.Single(_trail.Verify(withCopies: true)).Fault);
    }
}
