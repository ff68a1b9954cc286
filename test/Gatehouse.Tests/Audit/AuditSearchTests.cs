using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>What the command line finds in a trail.</summary>
public sealed class AuditSearchTests
{
    [Fact]
    public async Task Finds_every_record_about_somebody_and_the_ends_of_what_was_begun()
    {
        using var trade = await TradeTrail.WriteAsync(20_000);
        var about = trade.Written.Where(r => r.About.Contains(DayOfTrade.About(17))).Select(r => r.RequestId).ToHashSet();
        var expected = trade.Written.Where(r => about.Contains(r.RequestId)).Select(r => $"{r.RequestId} {AuditWords.Of(r.Kind)}").ToList();

        var found = await trade.SearchAsync("--about", "customer:17", "--investigation-key", trade.InvestigationKey);

        Assert.NotEmpty(expected);
        Assert.Equal(expected, found.Select(f => $"{f["requestId"]} {f["kind"]}"));
        Assert.All(found, f => Assert.Contains("customer:17", f["about"], StringComparison.Ordinal));
        Assert.All(found, f => Assert.NotEqual("", f["person"]));
    }

    [Fact]
    public async Task Finds_what_was_done_for_a_person_through_which_program_and_what_was_refused()
    {
        using var trade = await TradeTrail.WriteAsync(5_000);
        var anna = DayOfTrade.Person("staff:anna");

        var read = await trade.SearchAsync("--person", "staff:anna", "--investigation-key", trade.InvestigationKey, "--consumer", "care-assistant");
        var refused = await trade.SearchAsync("--decision", "refused", "--problem", "insufficient-scope");

        Assert.Equal(trade.Written.Count(r => r.Person == anna && r.Consumer == "care-assistant" && r.Kind == AuditKind.Exchange),
            read.Count(f => f["kind"] == "exchange"));
        Assert.All(read, f => Assert.Equal("staff:anna", f["person"]));
        Assert.Equal(trade.Written.Count(r => r.Problem == "insufficient-scope"), refused.Count);
        Assert.All(refused, f => Assert.Equal("newsletter", f["consumer"]));
    }

    [Fact]
    public async Task Tries_every_key_that_is_still_held_and_finds_nothing_under_one_that_is_gone()
    {
        const string Newer = "another investigation key, that came after the first one was rotated";
        var newer = new InvestigationKey(System.Text.Encoding.UTF8.GetBytes(Newer));
        using var trade = await TradeTrail.WriteAsync(500, TestTrail.Sample(1), new AuditRecord
        {
            Kind = AuditKind.Exchange,
            Time = DayOfTrade.Begin.AddDays(1),
            RequestId = "later",
            About = [newer.About("customer", "17")],
        });
        var file = trade.WriteSecret("newer", Newer + "\n");

        string[] question = ["--about", "customer:17", "--investigation-key", $"file:{file}"];
        var alone = await trade.SearchAsync(question);
        var both = await trade.SearchAsync([.. question, "--investigation-key", trade.InvestigationKey]);

        Assert.Equal(["later"], alone.Where(f => f["kind"] == "exchange").Select(f => f["requestId"]));
        Assert.True(both.Count > alone.Count);
    }

    [Fact]
    [Control("AUD-6", "a subject that only the answer names")]
    public async Task Finds_whom_only_the_answer_named_with_the_one_who_asked()
    {
        using var trade = await TradeTrail.WriteAsync(
            200, [.. DayOfTrade.NamedByTheAnswer("late", 4711), .. DayOfTrade.NamedByTheAnswer("other", 4712)]);
        string[] about = ["--about", "customer:4711", "--investigation-key", trade.InvestigationKey];

        var found = Assert.Single(await trade.SearchAsync(about));
        Assert.Equal(("outcome", "late"), (found["kind"], found["requestId"]));
        Assert.Equal(DayOfTrade.Person("staff:anna"), found["person"]);
        Assert.Single(await trade.SearchAsync([.. about, "--person", "staff:anna"]));
        Assert.Empty(await trade.SearchAsync([.. about, "--person", "staff:ben"]));
    }

    [Fact]
    public async Task Narrows_by_route_time_request_and_kind()
    {
        using var trade = await TradeTrail.WriteAsync(2_000);
        var noon = DayOfTrade.Begin.AddHours(12);

        var afternoon = await trade.SearchAsync("--since", "2026-11-25T12:00:00Z", "--until", "2026-11-26", "--route", "orders/get-order");
        var one = await trade.SearchAsync("--request-id", "r0000007");
        var intents = await trade.SearchAsync("--kind", "intent,unknown");

        Assert.Equal(trade.Written.Count(r => r.Time >= noon && r.Route == "orders/get-order"), afternoon.Count);
        Assert.Equal(trade.Written.Count(r => r.RequestId == "r0000007"), one.Count);
        Assert.Equal(trade.Written.Count(r => r.Kind is AuditKind.Intent or AuditKind.Unknown), intents.Count);
    }

    [Fact]
    public async Task Shows_the_newest_of_many_and_says_that_there_are_more()
    {
        using var trade = await TradeTrail.WriteAsync(300);

        var run = await trade.RunAsync("search", "--kind", "exchange,refusal", "--limit", "3", "--output", "csv");

        Assert.Equal(4, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("The newest 3 of ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--about", "customer:17")]
    [InlineData("--person", "staff:anna")]
    [InlineData("--person", "anna")]
    [InlineData("--since", "yesterday")]
    [InlineData("--decision", "maybe")]
    [InlineData("--kind", "everything")]
    [InlineData("--limit", "0")]
    public async Task Takes_no_question_that_it_cannot_answer(string option, string value)
    {
        using var trade = await TradeTrail.WriteAsync(1);

        var run = await trade.RunAsync("search", option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task Prints_nothing_that_runs_in_a_spreadsheet_or_drives_a_terminal()
    {
        using var trade = await TradeTrail.WriteAsync(1, new AuditRecord
        {
            Kind = AuditKind.Administration,
            Time = DayOfTrade.Begin.AddDays(1),
            Who = "=cmd|' /C calc'!A0",
            Reason = "@SUM(1)\u001b[2J\u202e",
            Details = [new AuditDetail("note", "-1+1")],
            Destination = "+1",
        });

        foreach (var form in (string[])["table", "csv", "markdown", "json"])
        {
            var run = await trade.RunAsync("search", "--kind", "administration", "--output", form);
            Assert.DoesNotContain(run.Output, c => c is '\u001b' or '\u202e');
            if (form != "csv") continue;
            Assert.Contains(",'=cmd|' /C calc'!A0,", run.Output, StringComparison.Ordinal);
            Assert.Contains("'@SUM(1)\\u001b[2J\\u202e", run.Output, StringComparison.Ordinal);
            Assert.Contains(",'+1,", run.Output, StringComparison.Ordinal);
        }
    }
}
