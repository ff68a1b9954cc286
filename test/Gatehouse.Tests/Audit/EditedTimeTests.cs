using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Audit;

/// <summary>Who can write to the store, or set the clock, has nothing taken out whose time is not over.</summary>
public sealed class EditedTimeTests
{
    private static readonly TimeSpan Retain = TimeSpan.FromDays(400);

    [Fact]
    public async Task A_gateway_takes_out_nothing_that_is_not_as_old_as_it_says()
    {
        using var test = new TestTrail();
        var clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(3));
        await test.WriteAsync(20);
        test.Change("UPDATE records SET time = 0");

        using (await test.BeginAsync(o => o with { Retain = Retain }, clock: clock))
        {
        }

        Assert.DoesNotContain(test.Records(), r => r.Line is null);
        Assert.DoesNotContain(test.Read(), r => r.Kind == AuditKind.Retention);
        Assert.Contains("record 1 in", test.Told, StringComparison.Ordinal);
        Assert.Contains("from there on nothing is taken out", test.Told, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(test.Verify()).Fault?.Sequence);
    }

    [Theory]
    [InlineData("time = 0")]
    [InlineData("line = CAST(replace(line, 'web-shop', 'app-shop') AS BLOB)")]
    [InlineData("hash = zeroblob(32)")]
    public async Task It_takes_out_what_is_before_and_tells_of_it_once(string edit)
    {
        using var test = new TestTrail();
        await test.WriteAsync(20, o => o with { CheckpointEvery = 5 });
        test.Change($"UPDATE records SET {edit} WHERE sequence = 13");
        var clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(500));
        var told = new StringWriter();
        var store = new SqliteAuditStore(test.File);
        var writer = new ChainWriter(store, ChainOpening.Open(store, test.Options).State, test.Options, clock);
        var news = new TrailNews(store, new EventWriter(told, clock), new AuditTally());
        using var duty = new RetentionDuty(Retain, () => true, clock, news, () => { });

        duty.Step(store, writer);
        for (var hour = 0; hour < 3; hour++)
        {
            Assert.False(duty.IsDue);
            clock.Advance(TimeSpan.FromHours(1));
            Assert.True(duty.IsDue);
            duty.Step(store, writer);
        }

        store.Close();
        Assert.Equal(Enumerable.Range(1, 12).Select(s => (long)s), test.Records().Where(r => r.Line is null).Select(r => r.Sequence));
        Assert.Single(told.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l.Contains("record 13 in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_command_line_says_where_it_stopped_and_fails()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        trade.Clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(3));
        trade.Trail.Change("UPDATE records SET time = time - 86400000 WHERE sequence = 30");

        var run = await trade.RunAsync("retain", "--older-than", "1d", "--reason", "policy", "--signing-key", trade.SigningKey);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.StartsWith("Took the content of 29 records out.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Record 30 of front-door/audit/edge-1/", run.Error, StringComparison.Ordinal);
        trade.Trail.Change("UPDATE records SET time = time + 86400000 WHERE sequence = 30");
        Assert.All(trade.Trail.Verify(), v => Assert.Null(v.Fault));
        var again = await trade.RunAsync("retain", "--older-than", "1d", "--reason", "policy", "--signing-key", trade.SigningKey);
        Assert.True(again.ExitCode == ExitCode.Done, again.Error);
        Assert.All(trade.Trail.Verify(), v => Assert.Null(v.Fault));
    }

    [Fact]
    public async Task Nothing_is_taken_out_while_the_clock_is_out_of_step()
    {
        using var test = new TestTrail();
        await test.WriteAsync(20);
        var clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(500));
        var isInStep = false;

        using (await test.BeginAsync(o => o with { Retain = Retain, IsClockInStep = () => isInStep }, clock: clock))
        {
        }

        Assert.DoesNotContain(test.Records(), r => r.Line is null);
        isInStep = true;
        using (await test.BeginAsync(o => o with { Retain = Retain, IsClockInStep = () => isInStep }, clock: clock))
        {
        }

        Assert.Contains(test.Records(), r => r.Line is null);
    }
}
