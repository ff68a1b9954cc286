using CsCheck;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class HashTests
{
    private const int Keys = 300;
    private static readonly PolicyHarness Harness = new();
    private static readonly Exchange[] Exchanges = [.. Enumerable.Range(0, Keys).Select(i => With(("X-Tenant", $"tenant-{i}")))];
    private readonly FakeTimeProvider _clock = new();

    [Control("RES-5")]
    [Fact]
    public void Who_leaves_moves_only_its_own_keys_and_who_comes_back_only_those_again()
    {
        var weight = Gen.Int[1, 9];
        Gen.Select(Gen.Int[2, 12], Gen.Int[0, 1000], weight.Array[12], Gen.Bool).Sample((count, leaving, weights, weighted) =>
        {
            var servers = Servers.Of(new int[count]);
            var balancer = Over(servers, null, weighted ? weights[..count] : []);
            var leaves = leaving % count;
            var before = Choose(balancer);
            servers[leaves].Eject(_clock);
            var without = Choose(balancer);
            for (var i = 0; i < Keys; i++)
            {
                if (before[i] == leaves) Assert.NotEqual(leaves, without[i]);
                else Assert.Equal(before[i], without[i]);
            }

            // its place in the list means nothing: the same servers, declared in another order and without the one that left
            Destination[] fewer = [.. servers.Where((_, i) => i != leaves).Reverse()];
            var reordered = Over(fewer, null, weighted ? [.. weights[..count].Where((_, i) => i != leaves).Reverse()] : []);
            Assert.Equal(without.Select(i => servers[i].Text), Choose(reordered).Select(i => fewer[i].Text));
        }, iter: 200);
    }

    [Fact]
    public void Keys_spread_as_the_weights_say()
    {
        var chosen = Enumerable.Range(0, 4000)
            .Select(i => Over(Servers.Of(0, 0, 0), null, 1, 2, 1).Choose(With(("X-Tenant", $"{i}")), default)).CountBy(i => i).ToDictionary();

        Assert.InRange(chosen[0], 850, 1150);
        Assert.InRange(chosen[1], 1850, 2150);
        Assert.InRange(chosen[2], 850, 1150);
    }

    [Fact]
    public void Keys_of_one_destination_spread_over_all_others_when_it_leaves()
    {
        var servers = Servers.Of(0, 0, 0, 0);
        var balancer = Over(servers, null);
        var before = Choose(balancer);
        servers[0].Eject(_clock);
        var moved = Choose(balancer).Where((_, i) => before[i] == 0).CountBy(i => i).ToDictionary();

        Assert.Equal([1, 2, 3], moved.Keys.Order());
    }

    [Fact]
    public void The_same_key_goes_to_the_same_server_in_every_version_of_the_program()
    {
        var balancer = Over(Servers.Of(0, 0, 0, 0, 0), null);

        Assert.Equal([Pinned(0), Pinned(1), Pinned(2)], Choose(balancer)[..3]);

        // computed here in another way than the balancer's loop does
        static int Pinned(int key) => Enumerable.Range(0, 5)
            .MaxBy(i => StableHash.Mix(StableHash.Of($"tenant-{key}") ^ StableHash.Of($"http://10.0.0.{i + 1}")));
    }

    [Fact]
    public void A_destination_that_is_much_busier_than_the_mean_is_passed_over_where_that_is_declared()
    {
        var own = Over(Servers.Of(0, 0, 0), null).Choose(Exchanges[0], default);
        int[] busy = [2, 2, 2];
        busy[own] = 5;

        Assert.Equal(own, Over(Servers.Of(busy), null).Choose(Exchanges[0], default));
        Assert.NotEqual(own, Over(Servers.Of(busy), Share.Percent(25)).Choose(Exchanges[0], default));
        busy[own] = 3; // of the 8 that there are with this one: below 1.25 times the mean
        Assert.Equal(own, Over(Servers.Of(busy), Share.Percent(25)).Choose(Exchanges[0], default));
    }

    [Fact]
    public void A_key_is_what_the_rule_names()
    {
        var one = Harness.Exchange(peer: "10.0.0.1", headers: [("X-Tenant", "a"), ("Cookie", "x=1; session=abc;y=2")]);
        var same = Harness.Exchange(peer: "10.0.0.2", headers: [("X-Tenant", "a"), ("Cookie", "session=abc")]);
        var other = Harness.Exchange(peer: "10.0.0.1", headers: [("X-Tenant", "b"), ("Cookie", "xsession=abc; session=abd")]);
        var consumer = new Consumer
        {
            Id = new ConsumerId("web-shop"),
            Kind = ConsumerKind.Application,
            Owner = "digital@example.test",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        };
        one.Caller = same.Caller = PolicyHarness.Caller(consumer);

        AssertKeys(new HashRule(HashBy.Header, "X-Tenant", null), one, same, isSame: true);
        AssertKeys(new HashRule(HashBy.Header, "X-Tenant", null), one, other, isSame: false);
        AssertKeys(new HashRule(HashBy.Cookie, "session", null), one, same, isSame: true);
        AssertKeys(new HashRule(HashBy.Cookie, "session", null), one, other, isSame: false);
        AssertKeys(new HashRule(HashBy.Address, null, null), one, other, isSame: true);
        AssertKeys(new HashRule(HashBy.Address, null, null), one, same, isSame: false);
        AssertKeys(new HashRule(HashBy.Consumer, null, null), one, same, isSame: true);
    }

    [Theory]
    [InlineData(nameof(HashBy.Header), "X-Other")]
    [InlineData(nameof(HashBy.Cookie), "tenant")]
    [InlineData(nameof(HashBy.Consumer), null)]
    public void What_has_no_key_goes_to_all_destinations(string by, string? name)
    {
        var rule = new HashRule(Enum.Parse<HashBy>(by), name, null);
        var servers = Servers.Of(0, 0, 0);
        var balancer = new Balancer(Servers.Upstream(3, Balance.Hash) with { Hash = rule }, servers, new Random(1), _clock);

        Assert.Equal([0, 1, 2], Enumerable.Range(0, 100).Select(_ => balancer.Choose(Exchanges[0], default)).Distinct().Order());
    }

    private static void AssertKeys(HashRule rule, Exchange one, Exchange other, bool isSame)
    {
        Assert.True(rule.TryKey(one, out var key));
        Assert.True(rule.TryKey(other, out var second));
        Assert.Equal(isSame, key == second);
    }

    private static int[] Choose(Balancer balancer) => [.. Exchanges.Select(e => balancer.Choose(e, default))];

    private static Exchange With(params (string Name, string Value)[] headers) => Harness.Exchange(headers: headers);

    private Balancer Over(Destination[] servers, Share? overflow, params int[] weights) => new(
        Servers.Upstream(servers.Length, Balance.Hash, weights) with { Hash = new HashRule(HashBy.Header, "X-Tenant", overflow) }, servers,
        new Random(1), _clock);
}
