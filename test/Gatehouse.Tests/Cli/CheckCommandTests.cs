using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
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
    public async Task A_thousand_warnings_hide_no_error()
    {
        var text = OfWideNetworks(1200, "effect: read, access: { consumers: [nobody] }");

        var (table, json) = (await CheckAsync("table", text), await CheckAsync("json", text));

        Assert.Equal(ExitCode.Failed, table.ExitCode);
        Assert.Contains("error GH2008 there is no consumer 'nobody'", table.Output, StringComparison.Ordinal);
        Assert.EndsWith(
            "cannot be served: 1 error, 1000 warnings. Left out: 200 more warnings.", table.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal("Left out: 200 more warnings.", json.Error.Trim());
    }

    [Fact]
    public async Task What_is_only_undecided_is_a_draft()
    {
        var run = await CheckAsync("table", OfWideNetworks(1, "effect: undecided"));

        Assert.EndsWith("is a draft: 1 decision to take before it can be served.", run.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_errors_are_left_out_nothing_is_called_a_draft()
    {
        var text = new StringBuilder(OfWideNetworks(1, "effect: read"));
        for (var i = 0; i < 1100; i++)
            text.Append(CultureInfo.InvariantCulture, $"      r{i}: {{ match: GET /r{i}, effect: undecided }}\n");

        var run = await CheckAsync("table", text.ToString());

        Assert.EndsWith("cannot be served: 1000 errors, 1 warning. Left out: 100 more errors.", run.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_started_with_cannot_be_served()
    {
        using var certificates = new TestCertificates();
        var edge = certificates.Issue("localhost");
        var broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        _folder.Write("edge.pem", await File.ReadAllTextAsync(edge.CertificateFile, TestContext.Current.CancellationToken) + "\n" + broken);
        _folder.WriteSecret("edge.key", await File.ReadAllTextAsync(edge.KeyFile, TestContext.Current.CancellationToken));
        var text = OfWideNetworks(1, "effect: read")
            .Replace("serves:", "tls: { certificate: edge.pem, key: edge.key }, serves:", StringComparison.Ordinal);
        var gateway = new GatewayOptions { DeclarationPath = _folder.Write("gatehouse.yaml", text) };

        var run = await Runs.Async(CheckCommand.Create(gateway), "check");

        Assert.Throws<GatewayStartException>(() => FirstDeclaration.Read(gateway));
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("error GH2012", run.Output, StringComparison.Ordinal);
        Assert.Contains("cannot be served: 1 error, ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_has_foreseen_is_one_finding()
    {
        var gateway = Gateway with { Files = () => new SourceFiles(_ => throw new OverflowException()) };

        var check = await Runs.Async(CheckCommand.Create(gateway), "check");
        var inventory = await Runs.Async(InventoryCommand.Create(gateway), "inventory");

        Assert.Equal((ExitCode.Failed, ExitCode.Failed), (check.ExitCode, inventory.ExitCode));
        Assert.Contains("gatehouse.yaml:1:1 error GH2012 reading it failed (OverflowException)", check.Output, StringComparison.Ordinal);
        Assert.Contains("gatehouse.yaml:1:1 error GH2012 reading it failed (OverflowException)", inventory.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_does_not_exist_is_wrong_use() => Assert.Equal(ExitCode.WrongUse, (await CheckAsync("xml")).ExitCode);

    private static GatewayOptions Gateway => new() { DeclarationPath = "gatehouse.yaml", Clock = new FakeTimeProvider() };

    private Task<Runs.Run> CheckAsync(string form, string text = TwoMistakes) =>
        Runs.Async(CheckCommand.Create(Gateway), "check", "-c", _folder.Write("gatehouse.yaml", text), "--output", form);

    /// <summary>A declaration with one route, and as many warnings, about networks that are wide and public.</summary>
    private static string OfWideNetworks(int count, string decisions)
    {
        var networks = Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{20 + (i / 128)}.{i % 128 * 2}.0.0/15"));
        var listeners = networks.Chunk(600).Select((some, i) => string.Create(CultureInfo.InvariantCulture,
            $"  l{i}: {{ address: \"127.0.0.1:{8080 + i}\", serves: [public], networks: [{string.Join(", ", some)}] }}\n"));
        return $$"""
            gatehouse: v1
            gateway: { name: test, owner: us@example.test, environment: test }
            listeners:
            {{string.Concat(listeners)}}
            administration: { address: "127.0.0.1:9900" }
            upstreams: { stock: { destinations: ["http://127.0.0.1:5101"] } }
            apis:
              stock:
                owner: us@example.test
                purpose: A test
                upstream: stock
                each:
                  exposure: public
                  personalData: none
                  access: { anonymous: A test }
                  limits: [ { per: address, allow: 60, every: 1m } ]
                routes:
                  get-stock: { match: GET /stock, {{decisions}} }

            """;
    }
}
