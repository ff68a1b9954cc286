using Gatehouse.Configuration;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class DestinationHealthTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly GatehouseMeter _meter = new();

    private static EjectionRule Rule { get; } = new(3, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60), Share.Percent(50));

    public void Dispose() => _meter.Dispose();

    [Control("RES-5")]
    [Theory]
    [InlineData(nameof(AttemptEnd.NotConnected))]
    [InlineData(nameof(AttemptEnd.TimedOut))]
    [InlineData(nameof(AttemptEnd.Broken))]
    [InlineData(nameof(AttemptEnd.Unavailable))]
    public void A_destination_that_fails_often_enough_in_a_row_is_left_out_and_comes_back(string failure)
    {
        var servers = Servers.Of(0, 0);
        var health = Over(servers);
        var end = Enum.Parse<AttemptEnd>(failure);

        Have(health, servers[0], end, end, AttemptEnd.Good, end, end);
        Assert.True(servers[0].IsUsable); // never three in a row
        Have(health, servers[0], end);
        Assert.False(servers[0].IsUsable);
        Assert.Equal(1, _meter.UpstreamChanges("orders", "ejected").Value);

        _clock.Advance(TimeSpan.FromSeconds(8.9));
        Assert.False(servers[0].IsUsable);
        _clock.Advance(TimeSpan.FromSeconds(2.2));
        Assert.True(servers[0].IsUsable);
        Assert.Equal(1, _meter.UpstreamChanges("orders", "returned").Value);
    }

    [Control("RES-5")]
    [Fact]
    public void It_is_left_out_for_longer_each_time_up_to_a_limit_and_forgiven_when_it_was_well_for_long()
    {
        var servers = Servers.Of(0, 0);
        var health = Over(servers);
        foreach (var seconds in (double[])[10, 20, 40, 60, 60])
        {
            Assert.InRange(Eject(health, servers[0]).TotalSeconds, seconds * 0.9, seconds * 1.1);
            _clock.Advance(TimeSpan.FromSeconds(67));
        }

        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.InRange(Eject(health, servers[0]).TotalSeconds, 9, 11);
    }

    [Control("RES-5")]
    [Theory]
    [InlineData(1, 50, 0)]
    [InlineData(1, 100, 0)]
    [InlineData(2, 100, 2)]
    [InlineData(2, 50, 1)]
    [InlineData(3, 50, 1)]
    [InlineData(4, 50, 2)]
    [InlineData(4, 0, 0)]
    [InlineData(3, 100, 3)]
    public void Never_more_than_the_declared_part_is_left_out(int count, int percent, int most)
    {
        var servers = Servers.Of(new int[count]);
        var health = Over(servers, Rule with { Most = Share.Percent(percent) });

        foreach (var server in servers) Have(health, server, AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken);

        Assert.Equal(most, servers.Count(s => !s.IsUsable));
    }

    [Fact]
    public void Those_that_checks_have_found_down_count_as_out()
    {
        var servers = Servers.Of(0, 0, 0, 0);
        servers[0].TrySetDown(true, _clock);
        servers[1].TrySetDown(true, _clock);
        var health = Over(servers);

        Have(health, servers[2], AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken);

        Assert.True(servers[2].IsUsable);
    }

    [Theory]
    [InlineData(4, 50, 2)]
    [InlineData(4, 100, 4)]
    [InlineData(4, 0, 0)]
    [InlineData(1, 100, 0)] // of the four the first is left
    public void A_declaration_that_comes_into_force_lets_back_whom_it_would_not_have_left_out(int count, int percent, int most)
    {
        var servers = Servers.Of(0, 0, 0, 0);
        var all = Rule with { Most = Share.Percent(100) };
        var before = Over(servers, all);
        foreach (var server in servers)
        {
            Eject(before, server);
            _clock.Advance(TimeSpan.FromSeconds(0.5));
        }

        var left = servers[..count];
        Over(left, all with { Most = Share.Percent(percent) }).ComeIntoForce();

        Assert.Equal(most, left.Count(s => !s.IsUsable));
        Assert.Equal(count - most, _meter.UpstreamChanges("orders", "returned").Value);
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.All(servers, s => Assert.True(s.IsUsable));
    }

    [Fact]
    public void It_leaves_alone_what_checks_say_and_counts_it()
    {
        var servers = Servers.Of(0, 0, 0, 0);
        var before = Over(servers, Rule with { Most = Share.Percent(100) });
        Eject(before, servers[0]);
        Eject(before, servers[1]);
        servers[1].TrySetDown(true, _clock);
        servers[2].TrySetDown(true, _clock);

        Over(servers).ComeIntoForce();

        Assert.Equal([true, false, false, true], servers.Select(s => s.IsUsable));
        Assert.Equal([false, true, true, false], servers.Select(s => s.IsDown));
    }

    [Fact]
    public void A_declaration_that_is_not_in_force_any_more_leaves_nobody_out()
    {
        var (servers, shared) = (Servers.Of(0, 0), new Ejections());
        var before = Over(servers, shared: shared);
        var after = Over(servers, Rule with { After = 5 }, shared);
        after.ComeIntoForce();

        Have(before, servers[0], AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken); // began under it
        Assert.True(servers[0].IsUsable);
        Have(after, servers[0], AttemptEnd.Broken); // the fifth in a row

        Assert.False(servers[0].IsUsable);
    }

    [Fact]
    public void What_a_client_causes_is_held_against_nobody()
    {
        var servers = Servers.Of(0, 0);
        var health = Over(servers);

        Have(health, servers[0], [.. Enumerable.Repeat(AttemptEnd.Unjudged, 100)]);
        Have(health, servers[0], AttemptEnd.Broken, AttemptEnd.Unjudged, AttemptEnd.Broken, AttemptEnd.Unjudged);
        Assert.True(servers[0].IsUsable);
        Have(health, servers[0], AttemptEnd.Broken); // and it forgives nothing either

        Assert.False(servers[0].IsUsable);
    }

    [Fact]
    public void Whoever_is_refused_is_told_when_the_first_of_them_is_back()
    {
        var servers = Servers.Of(0, 0);
        var health = Over(servers, Rule with { Most = Share.Percent(100) });
        Eject(health, servers[0]);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Eject(health, servers[1]);

        Assert.InRange(health.SecondsUntilReturn(TimeSpan.FromMinutes(5)), 4, 6);
        servers[0].TrySetDown(true, _clock);
        servers[1].TrySetDown(true, _clock);
        Assert.Equal(2, health.SecondsUntilReturn(TimeSpan.FromSeconds(1.5)));
    }

    [Fact]
    public void A_destination_that_is_well_costs_no_memory()
    {
        var servers = Servers.Of(0, 0);
        var health = Over(servers);
        health.Ended(servers[0], AttemptEnd.Good);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) health.Ended(servers[0], AttemptEnd.Good);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private TimeSpan Eject(DestinationHealth health, Destination destination)
    {
        Have(health, destination, AttemptEnd.Broken, AttemptEnd.Broken, AttemptEnd.Broken);
        Assert.False(destination.IsUsable);
        return _clock.GetElapsedTime(_clock.GetTimestamp(), destination.EjectedUntil);
    }

    private static void Have(DestinationHealth health, Destination destination, params AttemptEnd[] ends)
    {
        foreach (var end in ends) health.Ended(destination, end);
    }

    private DestinationHealth Over(Destination[] servers, EjectionRule? rule = null, Ejections? shared = null) =>
        new(rule ?? Rule, servers, new UpstreamNews("orders", null, _meter), _clock, new Random(1), shared);
}
