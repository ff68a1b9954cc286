using System.Text;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>What somebody has put beside a record, and is not what stands there.</summary>
public sealed class OddPersonalTests
{
    public static TheoryData<string> Odd =>
    [
        """{"person":["aa"]}""", """{"person":[]}""", """{"person":[null,"x"]}""", """{"person":["00000000000000000000000000000000",null]}""",
        """{"person":"x"}""", """{"person":{}}""", """{"about":[[1]]}""", """{"about":[["aa"]]}""", """{"about":[["aa",null]]}""",
        """{"about":{}}""", """{"about":[1]}""", """{"client":[["a"],["b"]]}""", """{"client":null,"client":null}""", """{"other":1}""",
        "[]", "\"x\"", "null", "no JSON", "",
    ];

    [Theory]
    [MemberData(nameof(Odd))]
    public async Task Verify_names_the_record_beside_which_it_stands(string odd)
    {
        using var test = new TestTrail();
        await test.WriteAsync(5);

        Put(test, 3, odd);

        var fault = Assert.Single(test.Verify()).Fault;
        Assert.Equal(3, fault?.Sequence);
        Assert.StartsWith("a personal value beside it was edited", fault!.What, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Odd))]
    public async Task A_start_goes_on_and_sets_nothing_aside(string odd)
    {
        using var test = new TestTrail();
        await test.WriteAsync(5, o => o with { Key = null }); // without a checkpoint a start looks at all of it
        Put(test, 3, odd);

        await test.WriteAsync(1, o => o with { Key = null });

        Assert.DoesNotContain("set aside", test.Told, StringComparison.Ordinal);
        Assert.Equal("request-1", test.Read()[2].RequestId);
        Assert.Null(test.Read()[2].Person);
    }

    [Theory]
    [InlineData("""{"person":["aa"]}""")]
    [InlineData("no JSON")]
    public async Task An_erasure_leaves_it_says_so_and_erases_the_rest(string odd)
    {
        using var trade = await TradeTrail.WriteAsync(200);
        var anna = DayOfTrade.Person("staff:anna");
        var ofAnna = trade.Trail.Records().Where(r => RecordReader.Read(r)!.Record.Person == anna).Select(r => r.Sequence).ToList();
        Put(trade.Trail, ofAnna[0], odd);

        string[] who = ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey];
        var run = await trade.RunAsync("erase", [.. who, "--reason", "a request", "--signing-key", trade.SigningKey]);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains($"in {ofAnna.Count - 1} records", run.Output, StringComparison.Ordinal);
        Assert.Contains($"beside 1 records was edited", run.Error, StringComparison.Ordinal);
        Assert.Contains($"the first is {ofAnna[0]} of front-door/audit/edge-1/", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(trade.Trail.Read(), r => r.Person == anna);
        Assert.Equal(ofAnna[0], trade.Trail.Verify()[0].Fault?.Sequence);
    }

    [Fact]
    public async Task A_proof_does_not_show_it()
    {
        using var trade = await TradeTrail.WriteAsync(5);
        Put(trade.Trail, 3, "no JSON");

        var run = await trade.RunAsync("prove", "--sequence", "3", "--instance", "edge-1", "--personal");

        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Contains("beside record 3 was edited", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"details\":[[]]")]
    [InlineData("\"details\":[[\"a\"]]")]
    [InlineData("\"details\":[[\"a\",null]]")]
    [InlineData("\"details\":[null]")]
    [InlineData("\"person\":null")]
    [InlineData("\"about\":[null]")]
    public void A_line_with_what_no_record_has_is_none(string field)
    {
        var line = $$"""{"v":1,"time":"2026-11-26T08:00:00.007Z","kind":"exchange",{{field}}}""";

        Assert.Null(RecordReader.Read(Encoding.ASCII.GetBytes(line), null));
    }

    private static void Put(TestTrail trail, long sequence, string personal) => trail.Change(
        $"UPDATE records SET personal = x'{Convert.ToHexString(Encoding.ASCII.GetBytes(personal))}' WHERE sequence = {sequence} AND chain = 1");
}
