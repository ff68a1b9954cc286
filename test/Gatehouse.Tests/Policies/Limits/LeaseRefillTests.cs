using Gatehouse.Configuration;
using Gatehouse.Policies.Limits;
using Gatehouse.Routes;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>Which cells wait until a store hears of them: here it is never found.</summary>
public sealed class LeaseRefillTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly GatehouseMeter _meter = new();
    private readonly SharedStore _store;
    private readonly LeaseRefill _refill;
    private readonly SharedLimit _limit;

    public LeaseRefillTests()
    {
        _store = new SharedStore(new RedisSettings(["127.0.0.1:1"], "shop/test", 2, TimeSpan.FromSeconds(1)), _clock, null, _meter);
        _refill = new LeaseRefill(_store, _clock);
        _limit = new SharedLimit(
            new Limit("exact", Per.Consumer, 100_000, TimeSpan.FromHours(1)) { Shared = Sharing.Exact }, 1,
            new SharedCells("exact", _store.Keys, new CellBudget(), _clock), _store, _refill, _clock.TimestampFrequency);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _refill.Dispose();
        _store.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_cell_that_owes_again_and_again_waits_once()
    {
        var cell = new SharedCell([]);
        for (var i = 0; i < 1000; i++)
        {
            Assert.False(_limit.TakeAlone(cell, _clock.GetTimestamp())!.Value.Refused);
            var question = _limit.Ask(cell, 1, leases: false, _clock.GetTimestamp()); // a call of its own tells of it
            Assert.Equal(i + 1, question.Owed);
            _limit.HearNothing(cell, question);
        }

        Assert.Equal(1, _refill.Owing);
    }

    [Fact]
    public void A_cell_waits_again_when_it_owes_after_it_was_told_of()
    {
        var rate = AloneRate.Of(100, 100 * 30, 30, 3);
        var cell = new SharedCell([]);
        cell.Alone(1, 1000, 1, rate, out _);
        Assert.True(cell.TryQueue());
        Assert.False(cell.TryQueue());
        Assert.True(cell.Unqueue());
        cell.TakeOwed(1000, rate);
        Assert.True(cell.TryQueue());
        Assert.False(cell.Unqueue()); // a call has told of it
        Assert.True(cell.TryQueue());
    }

    [Fact]
    public async Task Callers_who_come_and_go_while_the_store_is_lost_do_not_wait_for_ever()
    {
        const int many = 20_000;
        ComeAndGo(many);
        await Eventually.HoldsAsync(() =>
        {
            ComeAndGo(100);
            return Task.FromResult(_refill.Owing < many / 2);
        }, Cancel);
    }

    private void ComeAndGo(int count)
    {
        var cells = Enumerable.Range(0, count).Select(_ => new SharedCell([])).ToList();
        foreach (var cell in cells) _limit.TakeAlone(cell, _clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromMinutes(1));
        foreach (var cell in cells) Assert.True(cell.TryRetire(_clock.GetTimestamp()));
    }
}
