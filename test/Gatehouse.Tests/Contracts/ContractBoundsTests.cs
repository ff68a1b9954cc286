using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Tests.Contracts;

/// <summary>Documents of a few megabytes that would keep the reader or the library busy for hours, or fill the memory.</summary>
public sealed class ContractBoundsTests
{
    private const int Links = 50;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    [Fact]
    public void The_length_of_every_reference_is_known_before_one_is_followed()
    {
        var slashes = new string('/', 500_000);

        Refused(
            Schemas($$"""{ "a": { "$ref": "#/components/schemas/b" }, "b": { "$ref": "#{{slashes}}" } }"""),
            "reference is longer than 1000 characters");
    }

    [Fact]
    public void Long_names_are_refused_wherever_they_stand() =>
        Refused(Document($$""" "paths": {}, "x-deep": [ { "{{new string('n', 2001)}}": 1 } ] """), "longer than 2000 characters");

    [Fact]
    public void Long_paths_are_refused_before_the_library_sees_them() =>
        Refused(Document($$""" "paths": { "/{{string.Concat(Enumerable.Repeat("{a}", 700))}}": {} } """), "longer than 2000 characters");

    [Fact]
    public void Many_references_below_long_names_are_refused()
    {
        const int levels = 20;
        var references = string.Join(',', Enumerable.Repeat("""{ "$ref": "#/x" }""", 1000));
        var open = string.Concat(Enumerable.Repeat($$"""{ "{{new string('n', 1900)}}": """, levels));

        Refused(Document($$""" "paths": {}, "x-deep": {{open}} [ {{references}} ] {{new string('}', levels)}} """), "stand under long names");
    }

    [Fact]
    public void A_chain_of_references_does_not_hide_behind_names_with_slashes()
    {
        var decoys = string.Join(',', Enumerable.Range(0, Links).Select(i => Schema($"s{i}", "#/nowhere")));
        var chain = Chain("s{0}", "#/components/schemas/s{0}");

        Refused(
            Document($$""" "paths": {}, "components": { "schemas": { {{chain}} } }, "components/schemas": { {{decoys}} } """),
            "more than one reference stands where this one leads");
    }

    [Theory]
    [InlineData("s{0}", "#/somewhere/s{0}")]
    [InlineData("s{0}", "#/components/responses/s{0}")]
    [InlineData("s{0}", "s{0}")]
    [InlineData("s~1{0}", "#/components/schemas/s~1{0}")]
    [InlineData("s%41{0}", "#/components/schemas/s%41{0}")]
    public void A_chain_of_references_is_seen_however_the_library_finds_its_links(string name, string reference) =>
        Refused(Schemas($$"""{ {{Chain(name, reference)}} }"""), "follow each other");

    [Theory]
    [InlineData("#/components/schemas/s0")]
    [InlineData("s0")]
    public void Many_references_to_a_chain_are_too_many(string reference)
    {
        var chain = string.Join(',', Enumerable.Range(0, 7).Select(i => Schema($"s{i}", $"#/components/schemas/s{i + 1}")));
        var properties = string.Join(',', Enumerable.Range(0, 16_000).Select(i => Schema($"p{i}", reference)));

        Refused(Schemas($$"""{ {{chain}}, "s7": {}, "many": { "properties": { {{properties}} } } }"""), "too many references");
    }

    [Fact]
    public void References_that_stand_at_one_pointer_are_read_when_none_leads_there()
    {
        var (contract, findings) = Read(Document("""
            "paths": {
              "/a": { "get": { "parameters": [ { "$ref": "#/components/parameters/p" } ] } },
              "/a/get": { "parameters": [ { "$ref": "#/components/parameters/q" } ], "put": {} }
            },
            "components": { "parameters": { "p": { "name": "p", "in": "query", "schema": {} }, "q": { "name": "q", "in": "query", "schema": {} } } }
            """));

        Assert.Empty(findings);
        Assert.Equal(2, contract!.Operations.Count);
    }

    [Fact]
    public void Operations_are_counted_as_often_as_paths_refer_to_them()
    {
        var operations = string.Join(',', Enumerable.Range(0, 1000).Select(i => $$""" "M{{i}}": {} """));
        var paths = string.Join(',', Enumerable.Range(0, 101).Select(i => $$""" "/p{{i}}": { "$ref": "#/components/pathItems/x" } """));

        Refused(
            Document($$""" "paths": { {{paths}} }, "components": { "pathItems": { "x": { "additionalOperations": { {{operations}} } } } } """),
            "more than 100000 operations");
    }

    [Fact]
    public void Many_operations_of_one_path_are_found_at_their_places_in_time()
    {
        const int count = 80_000;
        var operations = string.Join(",\n", Enumerable.Range(0, count).Select(i => $$"""  "M{{i}}": {} """));
        var start = Stopwatch.GetTimestamp();
        var (contract, _) = Read(Document($$"""
            "paths": { "/p": { "additionalOperations": {
            {{operations}} } } }
            """));

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, Longest);
        Assert.Equal(Enumerable.Range(2, count), contract!.Operations.Select(o => o.Place.Line));
    }

    [Fact]
    public void What_a_discriminator_names_is_not_looked_for()
    {
        var (contract, findings) = Read(Schemas("""{ "a": { "discriminator": { "propertyName": "kind" }, "oneOf": [ { "type": "object" } ] } }"""));

        Assert.NotNull(contract);
        Assert.Empty(findings);
    }

    private static string Document(string rest) => $$"""{ "openapi": "3.2.0", "info": { "title": "a", "version": "1" }, {{rest}} }""";

    private static string Schemas(string schemas) => Document($$""" "paths": {}, "components": { "schemas": {{schemas}} } """);

    private static string Chain(string name, string reference) => string.Join(
        ',',
        Enumerable.Range(0, Links).Select(i => Schema(
            string.Format(CultureInfo.InvariantCulture, name, i),
            string.Format(CultureInfo.InvariantCulture, reference, i + 1))));

    private static string Schema(string name, string reference) => $$""" "{{name}}": { "$ref": "{{reference}}" } """;

    private static (Contract? Contract, IReadOnlyList<Finding> Findings) Read(string text)
    {
        var findings = new Findings();
        return (ContractReader.Read("c.json", Encoding.UTF8.GetBytes(text), findings), findings.InOrder());
    }

    private static void Refused(string text, string why)
    {
        var start = Stopwatch.GetTimestamp();
        var (contract, findings) = Read(text);

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, Longest);
        Assert.Null(contract);
        Assert.Contains(why, Assert.Single(findings).Message, StringComparison.Ordinal);
    }
}
