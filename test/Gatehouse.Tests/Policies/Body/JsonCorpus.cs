using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Policies.Body;

/// <summary>The public corpus of JSON texts that parsers disagree about.</summary>
internal static class JsonCorpus
{
    public static IReadOnlyList<(string Name, byte[] Bytes)> All { get; } = [.. Read()];

    private static IEnumerable<(string Name, byte[] Bytes)> Read()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "corpora", "json-parsing", "cases.json");
        foreach (var text in JsonNode.Parse(File.ReadAllText(file))!.AsArray())
            yield return ((string)text!["name"]!, Convert.FromBase64String((string)text["base64"]!));
    }
}
