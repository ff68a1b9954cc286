using System.Text.Json;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Cli;

public sealed class CheckCommandTests : IDisposable
{
    private const string TwoMistakes =
        """
        gatehouse: v1
        gateway: { name: test, owner: us@example.test, environment: test }
        listenrs: {}
        listeners: { edge: { address: "127.0.0.1:8080", serves: [publik] } }
        administration: { address: "127.0.0.1:9900" }
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_finding_has_its_place_rule_hint_and_reason()
    {
        var run = await CheckAsync("table");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("gatehouse.yaml:3:1 error GH2004 unknown key 'listenrs' in a declaration", run.Output, StringComparison.Ordinal);
        Assert.Contains("  hint: did you mean 'listeners'?", run.Output, StringComparison.Ordinal);
        Assert.Contains("  why:  A misspelt key", run.Output, StringComparison.Ordinal);
        Assert.Contains("gatehouse.yaml:4:", run.Output, StringComparison.Ordinal);
        Assert.Contains("cannot be served: ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_and_sarif_name_the_same_places()
    {
        using var json = JsonDocument.Parse((await CheckAsync("json")).Output);
        using var sarif = JsonDocument.Parse((await CheckAsync("sarif")).Output);

        var run = Assert.Single(sarif.RootElement.GetProperty("runs").EnumerateArray());
        var results = run.GetProperty("results").EnumerateArray().Select(r =>
        {
            var region = r.GetProperty("locations")[0].GetProperty("physicalLocation").GetProperty("region");
            return (r.GetProperty("ruleId").GetString(), region.GetProperty("startLine").GetInt32(), region.GetProperty("startColumn").GetInt32());
        });
        var findings = json.RootElement.EnumerateArray()
            .Select(f => (f.GetProperty("rule").GetString(), f.GetProperty("line").GetInt32(), f.GetProperty("column").GetInt32()));
        Assert.Equal(findings, results);
        Assert.NotEmpty(findings);
        Assert.Equal("2.1.0", sarif.RootElement.GetProperty("version").GetString());
        var rules = run.GetProperty("tool").GetProperty("driver").GetProperty("rules")
            .EnumerateArray()
            .Select(r => r.GetProperty("id").GetString())
            .ToList();
        Assert.Equal(rules.Distinct(), rules);
        Assert.All(results, r => Assert.Contains(r.Item1, rules));
    }

    [Theory]
    [InlineData("csv", "file,line,column,severity,rule,message,hint,why")]
    [InlineData("markdown", "| file | line | column | severity | rule | message | hint | why |")]
    public async Task Lists_have_a_head(string form, string head) =>
        Assert.StartsWith(head, (await CheckAsync(form)).Output, StringComparison.Ordinal);

    [Fact]
    public async Task A_declaration_that_is_not_there_is_a_finding()
    {
        var run = await Runs.Async(CheckCommand.Create(Gateway), "check", "-c", _folder.Of("nothing.yaml"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("GH2010", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_does_not_exist_is_wrong_use() => Assert.Equal(ExitCode.WrongUse, (await CheckAsync("xml")).ExitCode);

    private static GatewayOptions Gateway => new() { DeclarationPath = "gatehouse.yaml", Clock = new FakeTimeProvider() };

    private Task<Runs.Run> CheckAsync(string form) =>
        Runs.Async(CheckCommand.Create(Gateway), "check", "-c", _folder.Write("gatehouse.yaml", TwoMistakes), "--output", form);
}
