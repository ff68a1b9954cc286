using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Pipeline;

namespace Gatehouse.Declaration;

/// <summary>
/// The JSON Schema (2020-12) of a declaration, for editors. It comes from the shapes that the reader reads with, so it names the same keys;
/// rules that look at more than one key are the reader's alone, and so are the ranges of times and sizes.
/// </summary>
internal static class DeclarationSchema
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    public static JsonObject Document(IReadOnlyList<RoutePolicyKind> kinds) =>
        SchemaWriter.Document(new RootSection(kinds).Main, "A declaration of the Gatehouse API gateway");

    /// <summary>The schema of a file of <c>environments/</c>.</summary>
    public static JsonObject EnvironmentDocument(IReadOnlyList<RoutePolicyKind> kinds) =>
        SchemaWriter.Document(
            EnvironmentSection.Shape(kinds, new RootSection(kinds)),
            "An environment of a declaration of the Gatehouse API gateway");

    /// <summary>The document as text that ends with a line end.</summary>
    public static string Write(IReadOnlyList<RoutePolicyKind> kinds)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented)) Document(kinds).WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
