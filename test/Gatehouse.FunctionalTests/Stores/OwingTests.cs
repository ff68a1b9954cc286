using System.Globalization;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Policies.Limits;
using Gatehouse.Routes;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>What was counted without an answer of a store that is fine all the time.</summary>
public sealed class OwingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_is_fine_is_told_at_once_of_what_was_counted_alone()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var meter = new GatehouseMeter();
        using var store = new SharedStore(
            new RedisSettings([redis.Address.ToString()], "front/test", 2, TimeSpan.FromSeconds(5)), TimeProvider.System, null, meter);
        store.Start();
        await Eventually.HoldsAsync(() => Task.FromResult(store.IsFine), Cancel);
        using var refill = new LeaseRefill(store, TimeProvider.System);
        using var cells = new SharedCells("first", store.Keys, new CellBudget(), TimeProvider.System);
        var limit = new SharedLimit(
            new Limit("first", Per.All, 1000, TimeSpan.FromHours(1)) { Shared = Sharing.Exact }, 1, cells, store, refill,
            TimeProvider.System.TimestampFrequency);
        var all = new List<SharedCell>();
        for (var i = 0; i < 100; i++)
        {
            all.Add(new SharedCell(store.Keys.Of("first", (byte)PartitionKind.Consumer, Encoding.ASCII.GetBytes($"c{i}"))));
            for (var n = 0; n < 10; n++) Assert.NotNull(limit.TakeAlone(all[i], TimeProvider.System.GetTimestamp()));
        }

        await Eventually.HoldsAsync(() => Task.FromResult(refill.Owing == 0), Cancel);
        foreach (var cell in all) await Eventually.HoldsAsync(async () => await LifeAsync(redis, cell) > 0, Cancel);
    }

    /// <summary>The milliseconds for which the store keeps the cell: below zero where it has none.</summary>
    private static async Task<long> LifeAsync(RedisServer redis, SharedCell cell)
    {
        var answer = await redis.CommandAsync(Cancel, "PTTL", Encoding.ASCII.GetString(cell.Key));
        return long.Parse(answer.Split("\r\n")[0].TrimStart(':'), CultureInfo.InvariantCulture);
    }
}
