using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>Who reads the trail stands in it.</summary>
public sealed class AuditReadingTests
{
    [Fact]
    [Control("ADM-4", "of it, reads of the trail by the command line")]
    public async Task Records_who_read_what_and_why_before_anything_is_shown()
    {
        using var trade = await TradeTrail.WriteAsync(50);

        string[] question = ["--about", "customer:17", "--investigation-key", trade.InvestigationKey];
        await trade.SearchAsync([.. question, "--by", "inspector@shop.example", "--reason", "case 4711"]);
        await trade.SearchAsync("--problem", "limit-exceeded");

        var readings = trade.Trail.Read().Where(r => r.Kind == AuditKind.Reading).ToList();
        Assert.Equal(["inspector@shop.example", Environment.UserName], readings.Select(r => r.Who));
        Assert.Equal("case 4711", readings[0].Reason);
        Assert.Equal([DayOfTrade.About(17)], readings[0].About);
        Assert.All(readings, r => Assert.StartsWith("cli-", r.Instance, StringComparison.Ordinal));
        Assert.All(readings, r => Assert.Contains(new AuditDetail("system-user", Environment.UserName), r.Details));
        Assert.Contains(new AuditDetail("problem", "limit-exceeded"), readings[1].Details);
        Assert.DoesNotContain(readings[0].Details, d => d.Value.Contains("17", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Says_who_asked_about_somebody_to_who_asks_about_them_later()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        string[] question = ["--about", "customer:17", "--investigation-key", trade.InvestigationKey, "--kind", "reading"];

        var first = await trade.SearchAsync(question);
        var second = await trade.SearchAsync(question);

        Assert.Empty(first); // not what one does oneself
        Assert.Single(second);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_trail_verifies_with_readings_signed_or_not_and_while_a_gateway_writes(bool isSigned)
    {
        using var trade = await TradeTrail.WriteAsync(20);
        string[] key = isSigned ? ["--signing-key", trade.SigningKey, "--checkpoints", trade.Trail.Copies] : [];
        using (var running = await trade.Trail.BeginAsync())
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.True(await running.WriteAsync(TestTrail.Sample(i)));
                await trade.SearchAsync(key);
            }
        }

        var verdicts = trade.Trail.Verify(withCopies: isSigned);
        Assert.Equal(2, verdicts.Count);
        Assert.All(verdicts, v => Assert.Null(v.Fault));
        Assert.Equal(5, verdicts[1].Last);
        Assert.Equal(isSigned ? 5 : 0, verdicts[1].Signed);
        trade.Trail.Change("UPDATE records SET line = CAST(replace(CAST(line AS TEXT), '\"command\",\"search\"', '\"command\",\"shrugs\"') AS BLOB) WHERE chain = 2 AND sequence = 2");
        Assert.NotNull(trade.Trail.Verify()[1].Fault);
    }

    /// <summary>A record has room for one person, and for so many about whom it was asked.</summary>
    [Fact]
    public async Task Names_everybody_who_was_asked_for_in_as_many_records_as_it_takes()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        string[] persons = ["staff:anna", "staff:ben", "staff:chloe"];
        var customers = Enumerable.Range(1, 70).ToArray();
        string[] who = [.. persons.SelectMany(p => new[] { "--person", p }), .. customers.SelectMany(c => new[] { "--about", $"customer:{c}" })];

        await trade.SearchAsync([.. who, "--investigation-key", trade.InvestigationKey]);

        var readings = trade.Trail.Read().Where(r => r.Kind == AuditKind.Reading).ToList();
        Assert.Equal(persons.Select(DayOfTrade.Person).Order(StringComparer.Ordinal), readings.Select(r => r.Person!).Order(StringComparer.Ordinal));
        Assert.Equal(customers.Select(DayOfTrade.About), readings.SelectMany(r => r.About));
        Assert.All(readings, r => Assert.Contains(new AuditDetail("command", "search"), r.Details));
        string[] ofBen = ["--person", "staff:ben", "--kind", "reading", "--investigation-key", trade.InvestigationKey];
        Assert.Single(await trade.SearchAsync(ofBen)); // the one before, and not its own
    }

    [Fact]
    public async Task Says_which_record_was_shown()
    {
        using var trade = await TradeTrail.WriteAsync(5);

        Assert.Equal(0, (await trade.RunAsync("show", "--sequence", "3")).ExitCode);

        var reading = Assert.Single(trade.Trail.Read(), r => r.Kind == AuditKind.Reading);
        Assert.Contains(new AuditDetail("sequence", "3"), reading.Details);
        Assert.StartsWith("front-door/audit/edge-1/", reading.Details.Single(d => d.Name == AuditDetail.Chain).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shows_nothing_where_the_reading_cannot_be_recorded()
    {
        using var trade = await TradeTrail.WriteAsync(20);
        Directory.CreateDirectory($"{trade.Trail.File}.{SqliteAuditStore.CommandLine}"); // where the lock would be

        var run = await trade.RunAsync("search");
        var export = await trade.RunAsync("export", "--format", "csv");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Equal((1, ""), (export.ExitCode, export.Output));
        Assert.Contains("nothing was done", run.Error, StringComparison.Ordinal);
    }
}
