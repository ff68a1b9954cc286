using System.Net;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Telemetry;

public sealed class BurstsTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    [Control("LOG-8", "thresholds and repeats")]
    public void Tells_of_a_burst_once_and_later_how_much_was_left_out()
    {
        var bursts = Table(threshold: 3);
        Assert.Equal([false, false, true, false, false], Enumerable.Range(0, 5).Select(_ => Add(bursts, 1, out var _)));
        _clock.Advance(Quiet);
        Assert.Equal([false, false], Enumerable.Range(0, 2).Select(_ => Add(bursts, 1, out var _))); // it is counted anew
        Assert.True(Add(bursts, 1, out var burst));
        Assert.Equal(new Burst(3, 0, 2), burst);
    }

    [Fact]
    public void What_is_spread_over_a_longer_time_is_no_burst()
    {
        var bursts = Table(threshold: 3);
        for (var i = 0; i < 50; i++)
        {
            Assert.False(Add(bursts, 1, out _));
            _clock.Advance(Minute * 0.6);
        }
    }

    [Fact]
    public void Counts_different_ones_where_that_is_what_matters()
    {
        var bursts = Table(threshold: 5, distinct: true);
        for (var i = 0; i < 100; i++) Assert.False(bursts.Add(7, _clock.GetTimestamp(), 1, out _));
        var told = Enumerable.Range(1, 20).Count(i => bursts.Add(7, _clock.GetTimestamp(), (ulong)i * 7919, out _));
        Assert.Equal(1, told);
    }

    /// <summary>Whoever and however many: the one that was seen longest ago makes room, so that who goes on is not forgotten for newcomers.</summary>
    [Fact]
    public void Remembers_a_bounded_number_and_not_the_one_who_goes_on()
    {
        var bursts = Table(threshold: 100);
        var told = 0;
        for (var i = 0UL; i < 10_000; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Add(bursts, 1_000_000 + i, out _);
            if (Add(bursts, 1, out _)) told++;
        }

        Assert.Equal(1, told);
    }

    [Fact]
    public void Knows_networks_and_not_addresses()
    {
        var networks = new KnownNetworks();
        bool IsNew(string address) => networks.IsNew("k7f3", KnownNetworks.Of(IPAddress.Parse(address)));
        string[] addresses = ["203.0.113.5", "203.0.113.250", "198.51.100.7", "198.51.100.8", "203.0.113.1"];
        Assert.Equal([false, false, true, false, false], addresses.Select(IsNew));
        Assert.Equal([true, false, true], new[] { "2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1" }.Select(IsNew));
        for (var i = 0; i < 10_000; i++) Assert.False(networks.IsNew($"other-{i}", 1)); // so many credentials push it out
        Assert.False(IsNew("192.0.2.1"));
    }

    private bool Add(Bursts bursts, ulong whose, out Burst burst) => bursts.Add(whose, _clock.GetTimestamp(), 0, out burst);

    private Bursts Table(int threshold, bool distinct = false) =>
        new(threshold, Minute, Quiet, _clock.TimestampFrequency, distinct, places: 64);
}
