using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Sections;

/// <summary>An algorithm that tokens may be signed with. Those that are never taken are told why.</summary>
internal sealed class AlgorithmShape : Shape<Located<string>>
{
    public override bool TryRead(Node node, Findings findings, out Located<string> value)
    {
        var text = node is ScalarNode scalar ? scalar.Text : "";
        value = new Located<string>(text, node.Place);
        if (SigningAlgorithms.TryRead(text, out _)) return true;
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            findings.Add(Rules.TokenAlgorithm, node.Place, "'none' is no signature: anybody could make such a token", "algorithms: [ES256]");
        else if (text.StartsWith("HS", StringComparison.OrdinalIgnoreCase))
            findings.Add(
                Rules.TokenAlgorithm, node.Place, $"'{Show.Bounded(text)}' needs a shared secret: whoever can verify its tokens can also make them",
                "have the issuer sign with a private key, and write algorithms: [ES256]");
        else
            findings.Add(Rules.WrongType, node.Place, $"'{Show.Bounded(text)}' is not an algorithm that tokens may be signed with",
                Nearest.Hint(text, SigningAlgorithms.All.Select(SigningAlgorithms.Word)));
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) =>
        new() { ["enum"] = new JsonArray([.. SigningAlgorithms.All.Select(a => (JsonNode)SigningAlgorithms.Word(a))]) };
}
