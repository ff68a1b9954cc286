using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Contracts;

/// <summary>
/// Reads a contract: bytes to nodes to operations. Every complaint is a finding at its place in the contract. Never throws, never fetches.
/// </summary>
internal static class ContractReader
{
    /// <summary>Bytes of the largest contract that is read.</summary>
    public const int Largest = 16 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The contract, or null; then at least one finding is an error.</summary>
    public static Contract? Read(string file, byte[] bytes, Findings findings)
    {
        if (bytes.Length > Largest) return Unusable(new Place(file, 1, 1), $"the contract is larger than {new ByteSize(Largest)}");
        var inside = new Findings();
        var root = Parse(file, bytes, inside);
        findings.Add(inside);
        if (root is null || inside.HasErrors) return null;
        if (root is MapNode old && old["swagger"] is { } swagger)
            return Unusable(swagger.Place, "Swagger 2.0 is not read", "convert the document to OpenAPI 3");
        if (root is not MapNode map || map["openapi"] is not ScalarNode version)
            return Unusable(root.Place, "this is no OpenAPI document: it does not say 'openapi: 3.…'", "OpenAPI 3.0, 3.1 and 3.2 are read");
        if (!version.Text.StartsWith("3.0.", StringComparison.Ordinal)
            && !version.Text.StartsWith("3.1.", StringComparison.Ordinal)
            && !version.Text.StartsWith("3.2.", StringComparison.Ordinal))
            return Unusable(
                version.Place,
                $"'{Show.Bounded(version.Text)}' is not a version of OpenAPI that is read",
                "OpenAPI 3.0, 3.1 and 3.2 are read, with all three numbers: 3.1.0");
        if (map["paths"] is not MapNode paths) return Unusable(map["paths"]?.Place ?? map.Place, "the contract has no 'paths'");
        if (!ContractBounds.Check(map, findings) || !ContractShape.Check(map, paths, version.Text, findings)) return null;
        return OpenApiModel.Read(file, map, findings);

        Contract? Unusable(Place place, string message, string? hint = null)
        {
            findings.Add(Rules.UnusableFile, place, message, hint);
            return null;
        }
    }

    /// <summary>A name that ends in <c>.json</c> promises JSON; everything else is YAML, of which most JSON is a part.</summary>
    private static Node? Parse(string file, byte[] bytes, Findings findings)
    {
        var body = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        try
        {
            var text = Strict.GetString(body);
            return file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
                ? JsonReader.Read(file, body, findings)
                : YamlReader.Read(file, text, findings);
        }
        catch (DecoderFallbackException)
        {
            findings.Add(Rules.NotYaml, new Place(file, 1, 1), "the file is not text in UTF-8");
            return null;
        }
    }
}
