using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Tests.Contracts;

public sealed class ContractReaderTests
{
    public static TheoryData<string> Real => [.. Corpus.Names.Where(n => n.StartsWith("twilio", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Real))]
    public void Real_documents_give_every_operation_at_its_place(string name)
    {
        var findings = new Findings();
        var contract = Corpus.Contract(name, findings);

        Assert.Empty(findings.InOrder());
        using var json = JsonDocument.Parse(Corpus.Read(name));
        var lines = Encoding.UTF8.GetString(Corpus.Read(name)).Split('\n');
        var written = from path in json.RootElement.GetProperty("paths").EnumerateObject()
                      from method in path.Value.EnumerateObject()
                      where method.Value.ValueKind == JsonValueKind.Object && method.Value.TryGetProperty("operationId", out _)
                      select (method.Name.ToUpperInvariant(), path.Name, method.Value.GetProperty("operationId").GetString());
        Assert.Equal(written, contract.Operations.Select(o => (o.Method, o.Path, o.Id)));
        Assert.All(contract.Operations, o => Assert.StartsWith($"\"{o.Method.ToLowerInvariant()}\"", lines[o.Place.Line - 1][(o.Place.Column - 1)..], StringComparison.Ordinal));
    }

    [Fact]
    public void Yaml_of_3_1_gives_operations_templates_and_what_stands_in_components()
    {
        var contract = Corpus.Contract("returns-3.1.yaml", new Findings());

        Assert.Equal("Returns: what comes back", contract.Title);
        Assert.Equal(["https://api.retailer.example/api/v3"], contract.Servers);
        Assert.Equal(["customer"], contract.SecuritySchemes);
        Assert.Equal("GET /returns/{return_id}", $"{contract.Find("getReturn")!.Method} {contract.Find("getReturn")!.Template}");
        Assert.Equal("/shared", contract.Find("shared")!.Path);
        Assert.Contains(contract.Operations, o => o is { Id: null, Method: "GET", Path: "/returns/{id}/items/{id.part}" });
        Assert.Null(contract.Find("returnArrived")); // a webhook is a call of the backend's own
    }

    [Fact]
    public void Json_of_3_2_gives_the_methods_of_3_2()
    {
        var contract = Corpus.Contract("warehouse-3.2.json", new Findings());

        Assert.Equal(["QUERY", "COPY", "notify"], contract.Operations.Where(o => o.Path == "/v1/stock").Select(o => o.Method));
        Assert.Equal(["/elsewhere", "/circle"], contract.UnknownPaths);
    }

    [Theory]
    [MemberData(nameof(Real))]
    public void Json_is_read_into_the_same_nodes_and_places_as_the_same_text_as_yaml(string name)
    {
        var bytes = Corpus.Read(name);
        var findings = new Findings();
        var json = JsonReader.Read(name, bytes, findings);
        var yaml = YamlReader.Read(name, Encoding.UTF8.GetString(bytes), findings);

        Assert.Empty(findings.InOrder());
        Assert.Equal(Text(yaml!), Text(json!));
    }

    [Fact]
    public void Columns_are_counted_in_characters()
    {
        var node = JsonReader.Read("c.json", """{ "ü💥": 1, "b": 2 }"""u8, new Findings());

        Assert.Equal([3, 13], ((MapNode)node!).Entries.Select(e => e.KeyPlace.Column));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("{\n\"a\": 1,\n}", 3)]
    [InlineData("{}\n{}", 2)]
    [InlineData("// no\n{}", 1)]
    [InlineData("""{ "a": "\ud800" }""", 1)]
    [InlineData("{\n\"a\": 1,\n\"a\": 2 }", 3)]
    public void What_is_not_json_is_a_finding_at_its_line(string text, int line)
    {
        var findings = new Findings();
        JsonReader.Read("c.json", Encoding.UTF8.GetBytes(text), findings);

        Assert.Equal(line, Assert.Single(findings.InOrder()).Place.Line);
    }

    [Fact]
    public void Too_deep_and_too_large_are_findings()
    {
        foreach (var text in new[] { new string('[', 10_000), "{ \"openapi\": \"3.1.0\"" + new string(' ', ContractReader.Largest) })
        {
            var findings = new Findings();
            Assert.Null(ContractReader.Read("c.json", Encoding.UTF8.GetBytes(text), findings));
            Assert.True(findings.HasErrors);
        }
    }

    [Theory]
    [InlineData("#/components/schemas/s{0}", "")]
    [InlineData("#/components/schemas/s{0}/properties/x", "properties")]
    [InlineData("#/components/schemas/s{0}/properties/x", "")]
    [InlineData("#/components/%73chemas/s{0}", "")]
    [InlineData("contract.json#/components/schemas/s{0}", "")]
    public void References_that_follow_each_other_without_end_are_a_finding(string reference, string below)
    {
        var schemas = Enumerable.Range(0, 20_000).Select(i =>
        {
            var schema = $$"""{ "$ref": "{{string.Format(System.Globalization.CultureInfo.InvariantCulture, reference, i + 1)}}" }""";
            return $"\"s{i}\": {(below.Length == 0 ? schema : $$"""{ "{{below}}": { "x": {{schema}} } }""")}";
        });
        var all = string.Join(',', schemas);
        var text = $$"""{ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": {}, "components": { "schemas": { {{all}} } } }""";
        var findings = new Findings();

        Assert.Null(ContractReader.Read("c.json", Encoding.UTF8.GetBytes(text), findings));
        Assert.Contains("follow each other", Assert.Single(findings.InOrder()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_few_references_after_each_other_and_circles_are_read()
    {
        var findings = new Findings();
        var contract = ContractReader.Read("c.yaml", """
            openapi: 3.1.0
            info: { title: a, version: "1" }
            paths:
              /a: { $ref: "#/components/pathItems/A" }
            components:
              pathItems: { A: { $ref: "#/components/pathItems/B" }, B: { get: { operationId: a } } }
              schemas:
                C: { $ref: "#/components/schemas/D" }
                D: { $ref: "#/components/schemas/C" }
                E: { properties: { e: { $ref: "#/components/schemas/E" } } }
            """u8.ToArray(), findings);

        Assert.Equal("/a", Assert.Single(contract!.Operations).Path);
        Assert.False(findings.HasErrors);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_a_finding()
    {
        var findings = new Findings();
        Assert.Null(ContractReader.Read("c.yaml", [0xff, 0xfe, 0x41], findings));
        Assert.Equal("GH2001", Assert.Single(findings.InOrder()).Rule.Id);
    }

    private static string Text(Node node) => node switch
    {
        MapNode map => $"{map.Place} {{ {string.Join('\n', map.Entries.Select(e => $"{e.KeyPlace} {e.Key}: {Text(e.Value)}"))} }}",
        ListNode list => $"{list.Place} [ {string.Join('\n', list.Items.Select(Text))} ]",
        ScalarNode scalar => $"{scalar.Place} {scalar.Quoted} {scalar.Text}",
        _ => throw new InvalidOperationException("a node is one of these"),
    };
}
