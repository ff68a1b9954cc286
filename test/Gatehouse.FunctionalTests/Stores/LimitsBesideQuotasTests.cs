using System.Globalization;
using System.Net;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>A route whose limits and quotas a store counts call by call: it is asked about all of them at once.</summary>
public sealed class LimitsBesideQuotasTests : IDisposable
{
    private const int Allow = 3;
    private const int MostADay = 7;

    private readonly PolicyHarness _harness = new();
    private readonly LateStore _quota = new();
    private string _key = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("RTE-5", "limits and quotas in one round trip")]
    public async Task The_limit_is_asked_before_the_quota_has_answered()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        var policy = await PolicyAsync(redis.Address);
        var (deciding, exchange) = Begin(policy);
        Assert.Equal(1, _quota.Waiting);
        await Eventually.HoldsAsync(async () => await UsedAsync(redis) == 1, Cancel);
        Assert.False(deciding.IsCompleted);
        _quota.Answer(granted: 1, spent: MostADay - 1);
        Assert.Equal(VerdictKind.Continue, (await deciding).Kind);
        Assert.Equal(("second", 1L), (exchange.TightestLimit!.Value.Name, exchange.TightestLimit!.Value.Remaining));
    }

    [Theory]
    [Control("RTE-1", "limits and quotas in one round trip")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_quota_refuses_costs_nothing_in_the_limit(bool isKnown)
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        var policy = await PolicyAsync(redis.Address);
        var (first, _) = Begin(policy);
        _quota.Answer(granted: 1, spent: 1);
        Assert.Equal(VerdictKind.Continue, (await first).Kind);
        for (var i = 0; i < 2 * Allow; i++)
        {
            _harness.Clock.Advance(TimeSpan.FromDays(1)); // another day, of which nobody knows anything yet
            var (deciding, _) = Begin(policy);
            await Eventually.HoldsAsync(async () => await UsedAsync(redis) == 2, Cancel);
            if (isKnown) _quota.Answer(granted: 0, spent: MostADay);
            else _quota.AnswerNothing();
            var verdict = await deciding;
            Assert.Same(isKnown ? Problems.QuotaExceeded : Problems.QuotaUnavailable, verdict.Problem);
            await Eventually.HoldsAsync(async () => await UsedAsync(redis) == 1, Cancel);
        }
    }

    [Fact]
    [Control("RTE-6", "limits and quotas in one round trip")]
    public async Task What_the_limit_refuses_costs_nothing_in_the_quota()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        var policy = await PolicyAsync(redis.Address);
        var other = await PolicyAsync(redis.Address, new PolicyHarness());
        for (var i = 0; i < Allow; i++)
        {
            var (passing, _) = Begin(other);
            _quota.Answer(granted: 1, spent: 1);
            Assert.Equal(VerdictKind.Continue, (await passing).Kind);
        }

        var (deciding, exchange) = Begin(policy);
        _quota.Answer(granted: 1, spent: 1);
        Assert.Same(Problems.LimitExceeded, (await deciding).Problem);
        Assert.Equal("first", exchange.TightestLimit!.Value.Name);
        Assert.Equal(-1, _quota.Returned);
    }

    public void Dispose() => _harness.State.Dispose();

    private Task<SharedLimitsPolicy> PolicyAsync(IPEndPoint address) => PolicyAsync(address, _harness);

    private async Task<SharedLimitsPolicy> PolicyAsync(IPEndPoint address, PolicyHarness harness)
    {
        var settings = new RedisSettings([address.ToString()], "front/test", 2, TimeSpan.FromSeconds(5))
        {
            Pepper = new Secret("file:x", "a pepper of a test, long enough to be one, and no secret"u8.ToArray()),
        };
        var store = _harness.State.Get("store", $"{harness.GetHashCode()}",
            () => new SharedStore(settings, harness.Clock, new EventWriter(harness.Told, harness.Clock), harness.Meter));
        store.Start();
        await Eventually.HoldsAsync(() => Task.FromResult(store.IsFine), Cancel);
        _key = Encoding.ASCII.GetString(store.Keys.Of("first", (byte)PartitionKind.Everybody, default));

        var cells = new SharedCells("first", store.Keys, new CellBudget(), harness.Clock);
        var limit = new SharedLimit(
            new Limit("first", Per.All, Allow, TimeSpan.FromHours(1)) { Shared = Sharing.Exact }, 1, cells, store, new LeaseRefill(store, harness.Clock),
            harness.Clock.TimestampFrequency);
        var book = new QuotaBook(_quota, "second", LimitForm.Day, harness.Clock) { Sharing = Sharing.Exact, Instances = 2 };
        var quota = new QuotaAllowance(
            new Limit("second", Per.All, MostADay, TimeSpan.FromDays(1)) { Form = LimitForm.Day, Shared = Sharing.Exact }, 1,
            new CellTable(new CellBudget(), harness.Clock, CellTable.Most, key => new QuotaCell(book, key), LimitsKind.LargePlaces));
        return new SharedLimitsPolicy([limit], new MixedLimitsPolicy([quota], "", harness.Clock, keeps: true), "", store, harness.Clock);
    }

    private (Task<Verdict> Deciding, Exchange Exchange) Begin(SharedLimitsPolicy policy)
    {
        var exchange = _harness.Exchange(peer: "192.0.2.1", route: _harness.Route());
        return (policy.OnRequestAsync(exchange).AsTask(), exchange);
    }

    /// <summary>How many calls the store has charged to the limit: it keeps them for so long.</summary>
    private async Task<int> UsedAsync(RedisServer redis)
    {
        var life = (await redis.CommandAsync(Cancel, "PTTL", _key)).Split("\r\n")[0].TrimStart(':');
        var seconds = double.Parse(life, CultureInfo.InvariantCulture) / 1000;
        return (int)Math.Ceiling(Math.Max(0, seconds) / (TimeSpan.FromHours(1).TotalSeconds / Allow));
    }
}
