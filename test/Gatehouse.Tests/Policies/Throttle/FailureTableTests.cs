using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Throttle;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Policies.Throttle;

public sealed class FailureTableTests
{
    private readonly FakeTimeProvider _clock = new();

    private long Now => _clock.GetTimestamp();

    private FailureTable Table(int allow = 3, int places = FailureTable.Usual) =>
        new(allow, TimeSpan.FromMinutes(1), _clock.TimestampFrequency, places);

    private void Fail(FailureTable table, ulong key, int times)
    {
        for (var i = 0; i < times; i++) table.Add(key, Now, table.Ask(key, Now, out _) == Attempt.Taken);
    }

    [Fact]
    [Control("RTE-3")]
    public void Refuses_who_has_failed_too_often_and_lets_it_try_again_as_time_passes()
    {
        var table = Table();
        Fail(table, 1, 3);
        Assert.Equal(Attempt.Refused, table.Ask(1, Now, out var wait));
        Assert.Equal(20, wait / _clock.TimestampFrequency);
        Assert.Equal(Attempt.Free, table.Ask(2, Now, out _));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(Attempt.Taken, table.Ask(1, Now, out _));
        Assert.Equal(Attempt.Refused, table.Ask(1, Now, out _)); // one attempt for each third of the window
    }

    [Fact]
    public void Counts_attempts_that_run_at_once_and_gives_back_those_that_were_good()
    {
        var table = Table();
        Fail(table, 1, 1);
        Assert.Equal(Attempt.Taken, table.Ask(1, Now, out _));
        Assert.Equal(Attempt.Taken, table.Ask(1, Now, out _));
        Assert.Equal(Attempt.Refused, table.Ask(1, Now, out _));
        table.GiveBack(1, Now);
        Assert.Equal(Attempt.Taken, table.Ask(1, Now, out _));
    }

    [Fact]
    [Control("RTE-3")]
    public void Keeps_its_size_for_a_million_addresses()
    {
        var table = Table(allow: 20);
        Assert.Equal(0, table.Bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0u; i < 1_000_000; i++) table.Add(i, Now);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, (1 << 20) + (64 * 1024));
        Assert.Equal(1 << 20, table.Bytes);
    }

    [Fact]
    public void Is_stricter_to_newcomers_where_there_is_no_place()
    {
        var table = Table(places: 64);
        for (var i = 0u; i < 10_000; i++) table.Add(i, Now);
        var newcomers = 0;
        for (var i = 20_000u; i < 20_064; i++)
        {
            table.Add(i, Now);
            if (table.Ask(i, Now, out _) == Attempt.Refused) newcomers++;
        }

        Assert.Equal(64, newcomers); // their first failure is counted on top of those that were forgotten
    }

    [Fact]
    public void Tells_once_until_it_was_quiet()
    {
        var table = Table();
        Assert.Equal([false, false, true, false, false], Enumerable.Range(0, 5).Select(_ => table.Add(1, Now)));
        _clock.Advance(TimeSpan.FromMinutes(3));
        Assert.True(table.IsQuiet(Now));
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => table.Add(1, Now)));
    }

    [Fact]
    public void Locks_nobody_out_for_longer_than_two_windows()
    {
        var table = Table();
        for (var i = 0; i < 1000; i++) table.Add(1, Now);
        table.Ask(1, Now, out var wait);
        Assert.InRange(wait / _clock.TimestampFrequency, 1, 120);
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::7", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [Control("IPX-7")]
    public void Finds_a_client_by_its_address_or_its_64(string one, string other, bool same) =>
        Assert.Equal(same, AddressKey.Of(IPAddress.Parse(one)) == AddressKey.Of(IPAddress.Parse(other)));
}
