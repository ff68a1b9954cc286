using System.Globalization;
using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>Quotas that several instances spend together, with a real store.</summary>
public sealed class SharedQuotaTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Quota(string shared, int allow, string every = "day") =>
        $"[ {{ per: consumer, allow: {allow}, every: {every}, shared: {shared} }} ]";

    [Theory]
    [Control("RTE-6", "several instances")]
    [Control("RTE-1", "a quota of several instances")]
    [InlineData("exact", 50)]
    [InlineData("exact", 1000)]
    [InlineData("leased", 200)] // too small for leases: call by call
    public async Task Allows_exactly_what_is_written_whichever_instance_is_called(string shared, int allow)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 3, Quota(shared, allow), Cancel);
        Assert.Equal(allow, await instances.PassAllAsync(allow + 60));
        var (refused, atOnce) = await instances.CallAsync(1);
        Assert.Equal((Problems.QuotaExceeded, "\"consumer-day\";r=0;t=43200", "43200", true),
            (refused.Problem, refused.ResponseHeaders["RateLimit"].ToString(), refused.ResponseHeaders.RetryAfter.ToString(), atOnce));
        Assert.Equal("\"all\";q=10000000;w=1, \"consumer-day\";q=" + allow.ToString(CultureInfo.InvariantCulture) + ";w=86400",
            refused.ResponseHeaders["RateLimit-Policy"]);
        Assert.Equal(10, await instances.PassAsync(0, 10, "another"));
    }

    [Fact]
    [Control("RTE-6", "several instances, with what is reserved ahead")]
    public async Task Allows_never_more_with_leases_and_keeps_back_a_hundredth_at_most()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 3, Quota("leased", 6000, "month"), Cancel);
        Assert.InRange(await instances.PassAllAsync(3000), 6000 - 60, 6000);
    }

    [Fact]
    public async Task Keeps_the_usual_call_of_a_leased_quota_waiting_for_nobody()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 1, Quota("leased", 100_000), Cancel);
        Assert.Null((await instances.CallAsync(0)).Exchange.Problem);
        var reserved = await HeldAsync(); // the first has asked, for itself and a thousand others
        Assert.Contains(" 1001\r\n", reserved, StringComparison.Ordinal);
        for (var i = 0; i < 400; i++) Assert.True((await instances.CallAsync(0)).AtOnce);
        Assert.Equal(reserved, await HeldAsync()); // and none of them has

        async Task<string> HeldAsync()
        {
            var key = (await redis.CommandAsync(Cancel, "KEYS", "*")).Split("\r\n").Single(l => l.Contains("gatehouse", StringComparison.Ordinal));
            return await redis.CommandAsync(Cancel, "GET", key);
        }
    }

    [Theory]
    [Control("RTE-6", "several instances, restarted")]
    [InlineData("exact")]
    [InlineData("leased")]
    public async Task Goes_on_where_it_was_when_every_instance_is_restarted(string shared)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using (var before = await QuotaInstances.StartAsync(redis, 2, Quota(shared, 1000), Cancel))
            for (var i = 0; i < 2; i++) Assert.Equal(100, await before.PassAsync(i, 100));
        using var after = await QuotaInstances.StartAsync(redis, 1, Quota(shared, 1000), Cancel);
        Assert.Equal(800, await after.PassAsync(0, 900)); // a stop in order gives back what was not spent
    }

    [Theory]
    [Control("RTE-6", "several instances and their store, restarted")]
    [InlineData("exact", 0)]
    [InlineData("leased", 5)]
    public async Task Goes_on_where_it_was_when_the_store_has_lost_it_while_nobody_ran(string shared, int reserved)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var folder = new TestFolder();
        using (var before = await QuotaInstances.StartAsync(redis, 2, Quota(shared, 1000), Cancel, folder: folder))
            for (var i = 0; i < 2; i++) Assert.Equal(100, await before.PassAsync(i, 100));
        await redis.CommandAsync(Cancel, "FLUSHALL");
        using var after = await QuotaInstances.StartAsync(redis, 2, Quota(shared, 1000), Cancel, folder: folder);
        Assert.Equal(5, await after.PassAsync(0, 5));
        Assert.Equal(5, await after.PassAsync(1, 5)); // whoever knew most has asked
        Assert.InRange(await after.PassAsync(0, 900) + await after.PassAsync(1, 900), 790 - reserved, 790);
    }

    [Theory]
    [Control("RTE-6", "several instances, another period")]
    [InlineData("day", "2027-02-27T23:59:00Z")]
    [InlineData("month", "2027-02-28T23:59:00Z")]
    public async Task Begins_anew_with_the_next_day_or_month(string every, string at)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        var begin = DateTimeOffset.Parse(at, CultureInfo.InvariantCulture);
        using var instances = await QuotaInstances.StartAsync(redis, 2, Quota("exact", 20, every), Cancel, at: begin);
        Assert.Equal(20, await instances.PassAllAsync(30));
        Assert.Equal("60", (await instances.CallAsync(0)).Exchange.ResponseHeaders.RetryAfter);
        instances.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, await instances.PassAllAsync(6));
        instances.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(20, await instances.PassAllAsync(30));
    }

    [Fact]
    public async Task Gives_back_what_another_limit_refused_and_takes_what_calls_cost()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        const string More = "cost: 3\nlimits: [ { per: all, allow: 10000, every: 1s, shared: exact } ]\n";
        const string Quotas = "[ { per: consumer, allow: 100, every: day, shared: exact }, "
            + "{ per: api, allow: 10, every: day, shared: exact, count: cost } ]";
        using var instances = await QuotaInstances.StartAsync(redis, 2, Quotas, Cancel, More);
        Assert.Equal(3, await instances.PassAsync(0, 8) + await instances.PassAsync(1, 8));
        var alone = await QuotaInstances.StartAsync(redis, 1, Quota("exact", 100), Cancel);
        using (alone) Assert.Equal(97, await alone.PassAsync(0, 120));
    }

    [Fact]
    [Control("RTE-11", "a quota in the store")]
    public async Task Writes_nothing_into_the_store_that_says_who_calls_and_nothing_that_stays()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 1, Quota("exact", 20), Cancel);
        await instances.PassAsync(0, 5);
        var keys = (await redis.CommandAsync(Cancel, "KEYS", "*")).Split("\r\n")
            .Where(l => l.Contains("gatehouse", StringComparison.Ordinal)).ToList();
        var lives = new List<long>();
        foreach (var key in keys)
        {
            Assert.Matches("^\\{gatehouse:front/test\\}:[A-Za-z0-9_-]{22}$", key);
            var life = (await redis.CommandAsync(Cancel, "PTTL", key)).Split("\r\n")[0];
            lives.Add(long.Parse(life.TrimStart(':'), CultureInfo.InvariantCulture));
        }

        // to the end of the day, and one more
        Assert.InRange(lives.Max(), (long)TimeSpan.FromHours(35).TotalMilliseconds, (long)TimeSpan.FromHours(36).TotalMilliseconds);
    }

    [Fact]
    [Control("RTE-6", "a store that is emptied")]
    [Control("RTE-5", "a quota's store that is emptied")]
    public async Task Brings_back_to_an_emptied_store_the_most_that_any_instance_knows()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 3, Quota("exact", 100), Cancel);
        Assert.Equal(10, await instances.PassAsync(0, 10));
        Assert.Equal(30, await instances.PassAsync(1, 30)); // this one knows of 40
        await redis.CommandAsync(Cancel, "FLUSHALL");
        Assert.Equal(5, await instances.PassAsync(0, 5)); // this one knew of 10
        Assert.Equal(5, await instances.PassAsync(2, 5)); // and this of nothing
        Assert.Equal(5, await instances.PassAsync(1, 5)); // now the store knows all of it
        Assert.Equal(45, await instances.PassAsync(2, 60) + await instances.PassAsync(0, 60) + await instances.PassAsync(1, 60));
    }

    [Theory]
    [Control("AVL-3", "the store of shared quotas")]
    [Control("RTE-6", "a store that is lost")]
    [InlineData("exact", 0)]
    [InlineData("leased", 20)]
    public async Task Spends_what_is_reserved_and_is_closed_while_the_store_is_gone(string shared, int reserved)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        using var instances = await QuotaInstances.StartAsync(redis, 2, Quota(shared, 2000), Cancel);
        var passed = await instances.PassAsync(0, 50) + await instances.PassAsync(1, 60);
        Assert.Equal(110, passed);
        await redis.KillAsync();
        var alone = await instances.PassAsync(0, 100, or: Problems.QuotaUnavailable)
            + await instances.PassAsync(1, 100, or: Problems.QuotaUnavailable);
        Assert.InRange(alone, reserved == 0 ? 0 : 1, reserved);
        Assert.Same(Problems.QuotaUnavailable, (await instances.CallAsync(0)).Exchange.Problem);

        await redis.StartAgainAsync(Cancel); // empty
        await instances.FindAsync(Cancel);
        await Eventually.HoldsAsync( // both have told it what they know, without any call
            async () => await SpentAsync(redis) >= 110, Cancel);
        passed += alone + await instances.PassAllAsync(3000);
        Assert.InRange(passed, 2000 - 20 - reserved, 2000);
    }

    [Fact]
    [Control("AVL-3", "a quota of gateways that share a store")]
    public async Task Is_one_quota_of_three_gateways_and_answers_503_without_its_store()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        const string Limits = "[ { per: all, allow: 100000, every: 1s, shared: local } ]\n"
            + "        quotas: [ { per: all, allow: 40, every: month, shared: exact } ]";
        await using var instances = await Instances.StartAsync(3, Limits, redis.Address, Cancel);
        Assert.Equal(30, await instances.PassAsync(0, 30, Cancel));
        await redis.KillAsync();
        await Eventually.HoldsAsync(async () => await instances.CallAsync(1, Cancel) == HttpStatusCode.ServiceUnavailable, Cancel);
        using (var closed = await instances.GetAsync(1, Cancel))
            Assert.Contains("quota-unavailable", await closed.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await redis.StartAgainAsync(Cancel);
        await instances.FindTheStoreAsync(Cancel);
        // the one that knows tells it, without any call
        await Eventually.HoldsAsync(async () => await SpentAsync(redis) == 30, Cancel);
        var passed = 0;
        for (var i = 0; i < 3; i++)
        {
            var instance = i;
            await Eventually.HoldsAsync(async () => // one that nobody has called may not be connected again yet
            {
                var status = await instances.CallAsync(instance, Cancel);
                if (status == HttpStatusCode.OK) passed++;
                return status != HttpStatusCode.ServiceUnavailable;
            }, Cancel);
        }

        Assert.Equal(10, passed + await instances.PassAsync(30, Cancel));
        Assert.Equal(40, instances.Reached);
    }

    /// <summary>The one count in the store: life, turn, what was before, what is since.</summary>
    private static async Task<long> SpentAsync(RedisServer redis)
    {
        var keys = (await redis.CommandAsync(Cancel, "KEYS", "*")).Split("\r\n").Where(l => l.Contains("gatehouse", StringComparison.Ordinal));
        foreach (var key in keys)
        {
            var parts = (await redis.CommandAsync(Cancel, "GET", key)).Split("\r\n")[1].Split(' ');
            if (parts.Length == 4) return long.Parse(parts[2], CultureInfo.InvariantCulture) + long.Parse(parts[3], CultureInfo.InvariantCulture);
        }

        return 0;
    }

    [Fact]
    public async Task Is_counted_in_any_server_of_the_protocol()
    {
        await using var garnet = await RedisServer.StartGarnetAsync(Cancel);
        using (var before = await QuotaInstances.StartAsync(garnet, 2, Quota("exact", 60), Cancel))
            Assert.Equal(36, await before.PassAllAsync(18, 1));
        using var instances = await QuotaInstances.StartAsync(garnet, 2, Quota("exact", 60), Cancel);
        Assert.Equal(14, await instances.PassAsync(0, 14));
        await garnet.CommandAsync(Cancel, "FLUSHALL");
        Assert.Equal(10, await instances.PassAsync(0, 30));
        instances.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, await instances.PassAsync(1, 5));
    }
}
