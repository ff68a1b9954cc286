using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class BalancerTests
{
    private static readonly PolicyHarness Harness = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly Exchange _exchange = Harness.Exchange();

    [Fact]
    public void Round_robin_gives_every_destination_its_turn()
    {
        var balancer = Over(Servers.Of(0, 0, 0), Balance.RoundRobin);

        Assert.Equal([0, 1, 2, 0, 1, 2, 0], Choose(balancer, 7));
    }

    [Theory]
    [InlineData(new[] { 2, 1, 3 }, 1)]
    [InlineData(new[] { 5, 5, 4 }, 2)]
    [InlineData(new[] { 0, 1, 1 }, 0)]
    public void Least_requests_takes_the_least_busy_from_wherever_it_begins(int[] busy, int expected)
    {
        var balancer = Over(Servers.Of(busy), Balance.LeastRequests);

        Assert.All(Choose(balancer, 6), chosen => Assert.Equal(expected, chosen));
    }

    [Fact]
    public void Least_requests_takes_turns_among_equals()
    {
        var balancer = Over(Servers.Of(0, 0, 0, 0), Balance.LeastRequests);

        Assert.Equal([0, 1, 2, 3], Choose(balancer, 4).Order());
    }

    [Fact]
    public void Power_of_two_choices_never_takes_the_busiest_and_uses_all_others()
    {
        var balancer = Over(Servers.Of(1, 9, 1, 1), Balance.PowerOfTwoChoices);

        var chosen = Shares(balancer, 1000);

        Assert.False(chosen.ContainsKey(1));
        Assert.All([0, 2, 3], i => Assert.InRange(chosen[i], 200, 500));
    }

    [Fact]
    public void Turns_are_as_many_as_weights_say_and_far_apart()
    {
        var balancer = Over(Servers.Of(0, 0, 0), Balance.RoundRobin, 2, 0, 4);

        Assert.Equal([2, 0, 2, 2, 0, 2], Choose(balancer, 6));
    }

    [Theory]
    [InlineData(nameof(Balance.LeastRequests))]
    [InlineData(nameof(Balance.PowerOfTwoChoices))]
    public void Shares_are_those_of_the_weights_and_nothing_goes_where_the_weight_is_none(string balance)
    {
        var balancer = Over(Servers.Of(0, 0, 0), Enum.Parse<Balance>(balance), 30, 10, 0);

        var chosen = Shares(balancer, 4000);

        Assert.InRange(chosen[0], 2800, 3200);
        Assert.False(chosen.ContainsKey(2));
    }

    [Fact]
    public void A_heavier_destination_may_be_busier()
    {
        Assert.All(Choose(Over(Servers.Of(5, 2), Balance.LeastRequests, 3, 1), 5), chosen => Assert.Equal(0, chosen));
        Assert.All(Choose(Over(Servers.Of(7, 2), Balance.LeastRequests, 3, 1), 5), chosen => Assert.Equal(1, chosen));
    }

    [Control("RES-5")]
    [Theory]
    [InlineData(nameof(Balance.RoundRobin))]
    [InlineData(nameof(Balance.LeastRequests))]
    [InlineData(nameof(Balance.PowerOfTwoChoices))]
    [InlineData(nameof(Balance.Hash))]
    public void Who_is_out_or_was_tried_is_never_chosen_and_the_others_share_alike(string balance)
    {
        var servers = Servers.Of(0, 0, 0, 0, 0);
        servers[0].Eject(_clock);
        servers[2].TrySetDown(true, _clock);
        var balancer = Over(servers, Enum.Parse<Balance>(balance));
        var tried = default(Tried);
        tried.Add(4);

        var chosen = Enumerable.Range(0, 1000).Select(i => balancer.Choose(Keyed(i), tried)).CountBy(i => i).ToDictionary();

        Assert.Equal([1, 3], chosen.Keys.Order());
        Assert.All(chosen.Values, count => Assert.InRange(count, 400, 600));
        tried.Add(1);
        tried.Add(3);
        Assert.Equal(-1, balancer.Choose(_exchange, tried));
    }

    [Control("RES-5")]
    [Fact]
    public void Of_destinations_that_are_all_out_none_is_chosen()
    {
        var alone = Servers.Of(0);
        alone[0].TrySetDown(true, _clock);
        Assert.Equal(-1, Over(alone, Balance.RoundRobin).Choose(_exchange, default));

        var servers = Servers.Of(0, 0, 0);
        foreach (var server in servers) server.Eject(_clock);
        foreach (var balance in Enum.GetValues<Balance>()) Assert.Equal(-1, Over(servers, balance).Choose(_exchange, default));
    }

    [Control("RES-5")]
    [Theory]
    [InlineData(nameof(Balance.RoundRobin))]
    [InlineData(nameof(Balance.LeastRequests))]
    [InlineData(nameof(Balance.PowerOfTwoChoices))]
    [InlineData(nameof(Balance.Hash))]
    public void Who_comes_back_takes_a_growing_part_of_its_share(string balance)
    {
        var servers = Servers.Of(0, 0);
        servers[0].TrySetDown(true, _clock);
        servers[0].TrySetDown(false, _clock);
        var balancer = Over(servers, Enum.Parse<Balance>(balance));

        var shares = new List<int>();
        for (var second = 0; second <= 10; second += 5)
        {
            shares.Add(Enumerable.Range(0, 2000).Count(i => balancer.Choose(Keyed(i), default) == 0));
            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.InRange(shares[0], 20, 250);
        Assert.InRange(shares[1], 350, 750);
        Assert.InRange(shares[2], 850, 1150);
    }

    [Fact]
    public void Who_comes_back_takes_everything_when_there_is_nobody_else()
    {
        var servers = Servers.Of(0, 0);
        servers[0].TrySetDown(true, _clock);
        servers[0].TrySetDown(false, _clock);
        servers[1].TrySetDown(true, _clock);

        foreach (var balance in Enum.GetValues<Balance>()) Assert.Equal(0, Over(servers, balance).Choose(Keyed(1), default));
    }

    [Theory]
    [InlineData(nameof(Balance.RoundRobin))]
    [InlineData(nameof(Balance.LeastRequests))]
    [InlineData(nameof(Balance.PowerOfTwoChoices))]
    [InlineData(nameof(Balance.Hash))]
    public void One_destination_is_always_chosen_and_nothing_is_allocated(string balance)
    {
        var one = Over(Servers.Of(0), Enum.Parse<Balance>(balance));
        var several = Over(Servers.Of(3, 2, 1), Enum.Parse<Balance>(balance), 1, 2, 3);
        var exchange = Keyed(1);
        several.Choose(exchange, default);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) several.Choose(exchange, default);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, one.Choose(exchange, default));
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Among_many_destinations_those_that_were_tried_are_known()
    {
        var tried = default(Tried);
        for (var i = 0; i < 1000; i += 3) tried.Add(i);

        for (var i = 0; i < 1000; i++) Assert.Equal(i % 3 == 0, tried.Has(i));
    }

    private static Dictionary<int, int> Shares(Balancer balancer, int times) => Choose(balancer, times).CountBy(i => i).ToDictionary();

    private static IEnumerable<int> Choose(Balancer balancer, int times)
    {
        var exchange = Keyed(1);
        for (var i = 0; i < times; i++) yield return balancer.Choose(exchange, default);
    }

    private static Exchange Keyed(int key) => Harness.Exchange(headers: [("X-Tenant", $"tenant-{key}")]);

    private Balancer Over(Destination[] servers, Balance balance, params int[] weights) => new(
        Servers.Upstream(servers.Length, balance, weights) with { Hash = new HashRule(HashBy.Header, "X-Tenant", null) },
        servers, new Random(1), _clock);
}
