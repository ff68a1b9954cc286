using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>What becomes of shared limits when their store is slow, gone, emptied, and there again.</summary>
public sealed class StoreLossTests
{
    private const string Exact = "[ { per: all, allow: 30, every: 1h, shared: exact } ]";
    private const string Leased = "[ { per: all, allow: 90, every: 1h } ]";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [Control("RTE-5", "a store that is lost")]
    [Control("AVL-3", "the store of shared limits")]
    [InlineData(Exact, 30)]
    [InlineData(Leased, 90)]
    public async Task Allows_each_instance_its_share_while_the_store_is_gone(string limits, int allow)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(3, limits, redis.Address, Cancel);
        await redis.KillAsync();
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(allow, Cancel);
        await instances.LoseTheStoreAsync(Cancel);
        passed += await instances.PassAsync(allow, Cancel);
        Assert.InRange(passed, allow - 3, allow + CameBack(since, allow));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(1, Count(instances.Gateways[i].Events, "this instance counts limits alone, at 1/3"));
            await instances.MetricBecomesAsync(i, "gatehouse_stores_changes_total", "to=\"lost\"", 1, Cancel);
        }
    }

    [Theory]
    [Control("RTE-5", "a store that comes back")]
    [InlineData(Exact, 30)]
    [InlineData(Leased, 90)]
    public async Task Counts_together_again_without_a_restart_and_without_a_burst(string limits, int allow)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(3, limits, redis.Address, Cancel);
        await redis.KillAsync();
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(allow, Cancel);
        await redis.StartAgainAsync(Cancel); // empty: what was allowed meanwhile is told to it
        await instances.FindTheStoreAsync(Cancel);
        await Eventually.HoldsAsync(async () => await UsedAsync(redis, allow) > allow - 2, Cancel);
        passed += await instances.PassAsync(allow, Cancel);
        Assert.InRange(passed, allow, allow + CameBack(since, allow) + 1);
        for (var i = 0; i < 3; i++) Assert.Equal(2, Count(instances.Gateways[i].Events, "limits are counted together with the other instances"));
    }

    [Fact]
    [Control("RTE-5", "a store that is slow")]
    public async Task Waits_for_a_slow_store_a_few_times_and_then_for_nobody()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(2, Exact, redis.Address, Cancel, "timeout: 1s");
        await redis.FreezeAsync(Cancel);
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(200, Cancel);
        await instances.LoseTheStoreAsync(Cancel);
        Assert.InRange(passed, 28, 30 + CameBack(since, 30));
        for (var i = 0; i < 2; i++) // those that were under way when it was found slow, and trials since
            Assert.InRange(await instances.MetricAsync(i, "gatehouse_stores_questions_total", "slow", Cancel), 3, 60);
        await redis.ThawAsync(Cancel);
        await instances.FindTheStoreAsync(Cancel);
        await Eventually.HoldsAsync(async () => await instances.CallAsync(0, Cancel) == HttpStatusCode.TooManyRequests, Cancel);
    }

    [Theory]
    [InlineData("late")]
    [InlineData("stalled")]
    [InlineData("cut")]
    public async Task Survives_whatever_the_network_does(string fault)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var proxy = new FaultProxy(redis.Address);
        await using var instances = await Instances.StartAsync(2, Leased, proxy.Address, Cancel, "timeout: 1s");
        var since = Stopwatch.GetTimestamp();
        var passed = await instances.PassAsync(10, Cancel);
        if (fault == "late") proxy.Delay = TimeSpan.FromSeconds(3);
        if (fault == "stalled") proxy.Stall();
        if (fault == "cut") proxy.Cut();
        passed += await instances.PassAsync(100, Cancel);
        await instances.LoseTheStoreAsync(Cancel);
        Assert.InRange(passed, 60, 90 + 20 + CameBack(since, 90)); // what one had used, the other need not have known
        proxy.Mend();
        await instances.FindTheStoreAsync(Cancel);
        passed += await instances.PassAsync(100, Cancel);
        Assert.InRange(passed, 60, 90 + 45 + CameBack(since, 90)); // before both have told, one may take what the other had
    }

    [Fact]
    [Control("RTE-5", "a store that is emptied")]
    public async Task Remembers_what_was_used_when_the_store_is_emptied()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var instances = await Instances.StartAsync(2, Exact, redis.Address, Cancel);
        var since = Stopwatch.GetTimestamp();
        Assert.Equal(20, await instances.PassAsync(0, 20, Cancel));
        await redis.CommandAsync(Cancel, "FLUSHALL");
        var passed = 20 + await instances.PassAsync(0, 60, Cancel);
        Assert.InRange(passed, 30, 30 + CameBack(since, 30));
        Assert.InRange(await instances.PassAsync(1, 60, Cancel), 0, 1 + CameBack(since, 30)); // the other has told the store
    }

    [Fact]
    public async Task Serves_from_the_start_when_there_is_no_store()
    {
        await using var none = new FaultProxy(new IPEndPoint(IPAddress.Loopback, 9));
        none.Cut();
        await using var instances = await Instances.StartAsync(0, Exact, new IPEndPoint(IPAddress.Loopback, 0), Cancel);
        await instances.AddAsync(Exact, none.Address, 3);
        var since = Stopwatch.GetTimestamp();
        Assert.InRange(await instances.PassAsync(0, 60, Cancel), 10, 10 + CameBack(since, 10));
        await Eventually.HoldsAsync(() => Task.FromResult(Count(instances.Gateways[0].Events, "cannot be reached") == 1), Cancel);
    }

    private static int CameBack(long since, int allow) => (int)(Stopwatch.GetElapsedTime(since) * allow / TimeSpan.FromHours(1)) + 1;

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    /// <summary>The calls of the one cell that are used, by the time for which the store keeps it.</summary>
    private static async Task<double> UsedAsync(RedisServer redis, int allow)
    {
        var keys = (await redis.CommandAsync(Cancel, "KEYS", "*")).Split("\r\n")
            .Where(l => l.Contains("gatehouse", StringComparison.Ordinal)).ToList();
        if (keys.Count == 0) return 0;
        var life = (await redis.CommandAsync(Cancel, "PTTL", keys[0])).Split("\r\n")[0];
        return double.Parse(life.TrimStart(':'), CultureInfo.InvariantCulture) * allow / TimeSpan.FromHours(1).TotalMilliseconds;
    }
}
