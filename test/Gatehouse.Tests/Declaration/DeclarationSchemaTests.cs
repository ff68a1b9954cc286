using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

/// <summary>The schema that editors use says what the reader says, as far as a schema can.</summary>
public sealed class DeclarationSchemaTests
{
    private static readonly SchemaCheck Schema = new(JsonNode.Parse(DeclarationSchema.Write(PolicyCatalog.AfterRoute))!.AsObject());

    private static readonly string[] Structural =
        ["key-unknown-", "key-missing-gateway", "key-missing-listener", "key-missing-routes", "key-wrong-version", "value-list-for",
            "value-text-for", "value-nothing", "value-unknown-word",
         "value-bad-", "value-quoted-number", "value-empty-list", "value-undecided", "value-destination-", "not-yet-"];

    public static TheoryData<string> Right => [.. Golden.Names(Declarations.Folder).Where(n => n.StartsWith("right-", StringComparison.Ordinal))];

    public static TheoryData<string> Wrong =>
        [.. Golden.Names(Declarations.Folder).Where(n => Structural.Any(s => n.StartsWith(s, StringComparison.Ordinal)))];

    [Theory]
    [MemberData(nameof(Right))]
    public void Takes_what_the_reader_takes(string name) => Assert.Empty(Schema.Faults(NodesOf(name)));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Refuses_unknown_keys_and_wrong_forms(string name)
    {
        if (name == "value-destination-short-address") return; // a pattern cannot tell short addresses from names
        Assert.NotEmpty(Schema.Faults(NodesOf(name)));
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Is_never_stricter_than_the_reader(string name)
    {
        var root = NodesOf(name);
        foreach (var variant in Variants(root))
        {
            if (Schema.Faults(variant) is [var fault, ..])
                Assert.True(ReadWith(name, variant)
                    .Definition is null, $"the schema says '{fault}', the reader nothing, of:\n{NodeText.Write(variant)}");
        }
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Knows_no_key_that_the_reader_does_not_know(string name)
    {
        foreach (var variant in NodeText.RenamingEach(NodesOf(name)))
        {
            if (ReadWith(name, variant).Findings.Any(f => f.Rule == Rules.UnknownKey))
                Assert.True(Schema.Faults(variant).Count > 0, $"the reader knows a key less than the schema, of:\n{NodeText.Write(variant)}");
        }
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Sees_a_map_or_a_list_where_text_is_needed(string name)
    {
        foreach (var variant in NodeText.ReplacingEach(NodesOf(name), [NodeText.EmptyMap, NodeText.EmptyList]))
        {
            if (ReadWith(name, variant).Findings.Any(f => f.Rule == Rules.WrongType))
                Assert.True(Schema.Faults(variant).Count > 0, $"the reader refuses a form that the schema takes, of:\n{NodeText.Write(variant)}");
        }
    }

    [Theory]
    [InlineData("0B")]
    [InlineData("999999999B")]
    [InlineData("1000000000B")]
    [InlineData("1000000000000B")]
    public void Takes_the_sizes_that_the_reader_takes(string text) =>
        Assert.Equal(ByteSize.TryParse(text, out _), Fits(Shapes.Size(new ByteSize(0), new ByteSize(long.MaxValue)), text));

    [Theory]
    [InlineData("env:A")]
    [InlineData("env:")]
    [InlineData("env:1")]
    [InlineData("file:a")]
    [InlineData("file:")]
    public void Takes_the_references_that_the_reader_takes(string text) => Assert.Equal(
        SecretReference.Shape.TryRead(new ScalarNode(default, text, Quoted: true), new Findings(), out _), Fits(SecretReference.Shape, text));

    private static bool Fits(Shape shape, string text) =>
        new SchemaCheck(shape.ToSchema(new SchemaWriter())).Faults(new ScalarNode(default, text, Quoted: true)).Count == 0;

    [Fact]
    public void Describes_every_key_and_closes_every_section()
    {
        var document = DeclarationSchema.Document(PolicyCatalog.AfterRoute);
        foreach (var (section, body) in document["$defs"]!.AsObject())
        {
            Assert.False((bool)body!["additionalProperties"]!, section);
            foreach (var (key, property) in body["properties"]!.AsObject()) Assert.True(property!["description"] is JsonValue, $"{section}/{key}");
        }
    }

    private static IEnumerable<Node> Variants(Node root) =>
        NodeText.RenamingEach(root).Concat(NodeText.OmittingEach(root))
            .Concat(NodeText.ReplacingEach(root, [NodeText.EmptyMap, NodeText.EmptyList, NodeText.Text("Something? else!")]));

    private static Node NodesOf(string name)
    {
        var findings = new Findings();
        return YamlReader.Read(Declarations.File, Golden.Read(Declarations.Folder, name).Files(Declarations.File)[Declarations.File], findings)!;
    }

    private static Reading ReadWith(string name, Node root)
    {
        var files = Golden.Read(Declarations.Folder, name).Files(Declarations.File);
        files[Declarations.File] = NodeText.Write(root);
        return Declarations.Read(files);
    }
}
