using System.Text;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
using Gatehouse.Contracts;
using Gatehouse.Declaration;
using Gatehouse.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Gatehouse.Tests.Contracts;

namespace Gatehouse.Tests.Cli;

public sealed class ImportCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> Documents => [.. Corpus.Names];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Documents))]
    [Control("EXP-11")]
    public async Task Every_operation_is_a_route_or_named_as_left_out(string name)
    {
        var contract = Corpus.Contract(name, new Findings());
        var run = await ImportAsync(name);
        var reading = Check(run.Output, name);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        var unrouted = reading.Findings.Count(f => f.Rule == Rules.OperationWithoutRoute);
        var routes = run.Output.Split('\n').Count(l => l.StartsWith("        match: ", StringComparison.Ordinal));
        var leftOut = run.Error.Split('\n').Count(l => l.StartsWith("left out: ", StringComparison.Ordinal));
        Assert.Equal(contract.Operations.Count + contract.UnknownPaths.Count, routes + leftOut);
        Assert.InRange(unrouted, 0, leftOut);
        Assert.DoesNotContain(reading.Findings, f => f.Rule == Rules.RouteWithoutOperation);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task A_draft_does_not_load_and_every_undecided_decision_is_listed_with_its_place(string name)
    {
        var draft = (await ImportAsync(name)).Output;
        var reading = Check(draft, name);

        Assert.Null(reading.Definition);
        var lines = draft.Split('\n');
        var written = from line in Enumerable.Range(0, lines.Length)
                      let at = lines[line].IndexOf(": undecided ", StringComparison.Ordinal)
                      where at >= 0
                      select (line + 1, at + 3);
        Assert.Equal(written, reading.Findings.Where(f => f.IsError).Select(f => (f.Place.Line, f.Place.Column)));
        Assert.All(reading.Findings.Where(f => f.IsError), f => Assert.Equal("GH2009", f.Rule.Id));
    }

    [Fact]
    public async Task Check_calls_a_draft_a_draft()
    {
        var draft = _folder.Of("draft.yaml");
        await ImportAsync("twilio_studio_v2.json", "--output", draft);
        var check = await Runs.Async(CheckCommand.Create(new GatewayOptions { DeclarationPath = draft }), "check", "-c", draft);

        Assert.Equal(ExitCode.Failed, check.ExitCode);
        Assert.Contains("is a draft: 13 decisions to take before it can be served.", check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Effects_are_guessed_from_the_method_and_marked_as_guesses()
    {
        var lines = (await ImportAsync("twilio_studio_v2.json")).Output.Split('\n');

        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("        match: ", StringComparison.Ordinal)) continue;
            var method = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            Assert.StartsWith(method == "GET" ? "        effect: read " : "        effect: write ", lines[i + 1], StringComparison.Ordinal);
            Assert.Contains($"# a guess from {method}", lines[i + 1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Names_that_clash_are_made_unique()
    {
        var draft = (await ImportAsync("returns-3.1.yaml")).Output;

        Assert.Contains("\n      create-return:\n        match: POST /returns\n", draft, StringComparison.Ordinal);
        Assert.Contains("\n      create-return-2:\n        match: DELETE /returns/{return_id}\n", draft, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_a_route_is_named_in_the_draft_and_on_standard_error()
    {
        var run = await ImportAsync("warehouse-3.2.json");

        string[] unsaid =
        [
            "GET /files/{path+}", "GET /v1/stock/{article}", "TRACE /v1/stock/{sku}", "notify /v1/stock", "/elsewhere", "/circle",
        ];
        foreach (var what in unsaid)
        {
            Assert.Contains("left out: " + what, run.Error, StringComparison.Ordinal);
            Assert.Contains("#   " + what, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_the_servers_put_before_every_path_is_said()
    {
        var run = await ImportAsync("returns-3.1.yaml");

        Assert.Contains("/api/v3", run.Error, StringComparison.Ordinal);
        Assert.Contains("# request: { path: { add: /api/v3 } }", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n      evil: { match: GET /evil }")]
    [InlineData("\r\n---\nx: y")]
    [InlineData("a\u0085b: c\u2028d: e\u2029f: g")]
    [InlineData("\u001b[2J\u001b]0;title\u0007\u009b31m\b\u007f")]
    [InlineData("\u202egnihtemos \u2066\ufeff\u200b\ue000")]
    [InlineData("'\"`{[&*!|>%@#,?:- : # undecided")]
    [InlineData("💥 \ud83d\udce6 é")]
    [InlineData("\u0000")]
    public async Task Text_from_the_document_stays_text(string hostile)
    {
        var text = System.Text.Json.JsonEncodedText.Encode(hostile).ToString();
        const string responses = """{ "200": { "description": "" } }""";
        var file = _folder.Write("hostile.json", $$"""
            { "openapi": "3.1.0", "info": { "title": "{{text}}", "version": "1" }, "servers": [ { "url": "https://a/{{text}}" } ],
              "paths": { "/a": { "get": { "operationId": "{{text}}", "summary": "{{text}}", "deprecated": true, "responses": {{responses}} } },
                         "/b/{x}.{y}": { "get": { "operationId": "b{{text}}", "responses": {{responses}} } } },
              "components": { "securitySchemes": { "{{text}}": { "type": "http", "scheme": "basic" } } } }
            """);

        var run = await Runs.Async(ImportCommand.Create(), "import", "openapi", file);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.DoesNotContain(run.Output + run.Error, c => c != '\n' && (char.IsControl(c) || char.GetUnicodeCategory(c)
            is System.Globalization.UnicodeCategory.Format
            or System.Globalization.UnicodeCategory.LineSeparator
            or System.Globalization.UnicodeCategory.ParagraphSeparator
            or System.Globalization.UnicodeCategory.PrivateUse));
        var findings = new Findings();
        var root = (MapNode)YamlReader.Read("draft.yaml", run.Output, findings)!;
        Assert.Empty(findings.InOrder());
        Assert.Equal(["gatehouse", "gateway", "listeners", "administration", "upstreams", "apis"], root.Entries.Select(e => e.Key));
        var api = (MapNode)Assert.Single(((MapNode)root["apis"]!).Entries).Value;
        var route = Assert.Single(((MapNode)api["routes"]!).Entries);
        Assert.True(Shapes.IsName(route.Key), route.Key);
        Assert.Equal(["match", "effect"], ((MapNode)route.Value).Entries.Select(e => e.Key));
    }

    [Fact]
    public async Task A_contract_is_named_as_seen_from_the_draft()
    {
        Directory.CreateDirectory(_folder.Of("contracts # 1"));
        Directory.CreateDirectory(_folder.Of("gateway"));
        File.Copy(Path.Combine(Corpus.Folder, "twilio_studio_v2.json"), _folder.Of("contracts # 1/it's: studio.json"));
        var draft = _folder.Of("gateway/draft.yaml");

        var run = await Runs.Async(ImportCommand.Create(), "import", "openapi", _folder.Of("contracts # 1/it's: studio.json"), "-o", draft);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Output));
        var reading = DeclarationReader.Read(draft, SourceFiles.OnDisk(), TimeProvider.System.GetUtcNow(), PolicyCatalog.AfterRoute);
        Assert.All(reading.Findings.Where(f => f.IsError), f => Assert.Equal(Rules.Undecided, f.Rule));
        Assert.Equal(2, reading.Digests.Count); // the draft and its contract: both are watched
    }

    [Fact]
    public async Task A_file_that_exists_is_not_overwritten()
    {
        var draft = _folder.Write("draft.yaml", "mine");
        var run = await ImportAsync("twilio_studio_v2.json", "--output", draft);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal("mine", await File.ReadAllTextAsync(draft, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("swagger: '2.0'\npaths: {}", "GH2012")]
    [InlineData("openapi: [", "GH2001")]
    [InlineData("openapi: 3.1.0\ninfo: { title: a, version: b }\npaths: {}", "names no operation")]
    public async Task What_cannot_be_imported_is_said(string text, string said)
    {
        var run = await Runs.Async(ImportCommand.Create(), "import", "openapi", _folder.Write("c.yaml", text));

        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_that_is_not_there_is_said() =>
        Assert.Equal(ExitCode.Failed, (await Runs.Async(ImportCommand.Create(), "import", "openapi", _folder.Of("none.yaml"))).ExitCode);

    private static Task<Runs.Run> ImportAsync(string name, params string[] more) =>
        Runs.Async(ImportCommand.Create(), ["import", "openapi", Path.Combine(Corpus.Folder, name), .. more]);

    private static Reading Check(string draft, string name)
    {
        var files = new Dictionary<string, string> { ["draft.yaml"] = draft, [Path.Combine(Corpus.Folder, name)] = Encoding.UTF8.GetString(Corpus.Read(name)) };
        return DeclarationReader.Read("draft.yaml", SourceFiles.InMemory(files), TimeProvider.System.GetUtcNow(), PolicyCatalog.AfterRoute);
    }
}
