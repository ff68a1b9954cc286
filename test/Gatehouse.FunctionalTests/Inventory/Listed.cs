using System.Text.Json;

namespace Gatehouse.FunctionalTests.Inventory;

/// <summary>A row of the inventory, and what it promises about a request: read from the listing alone, by rules written a second time.</summary>
internal sealed class Listed(JsonElement row)
{
    public string Method { get; } = Text(row, "method")!;

    public string Path { get; } = Text(row, "path")!;

    public string Upstream { get; } = Text(row, "upstream")!;

    public string Access { get; } = Text(row, "access")!;

    public string Exposure { get; } = Text(row, "exposure")!;

    public string Lifecycle { get; } = Text(row, "lifecycle")!;

    public IReadOnlyList<string> Listeners { get; } = Texts(row, "listeners");

    /// <summary>A path that the row's template matches, and no literal of another row.</summary>
    public string Sample { get; } = string.Join(
        '/',
        Text(row, "path")!.Split('/').Select(s => s.Contains("**", StringComparison.Ordinal) ? "s1/s2" : Fill(s)));

    /// <summary>The status for a caller: a consumer's name, or null for nobody.</summary>
    public int StatusFor(string? caller) =>
        Lifecycle == "retired" ? 410
        : Access == "anonymous" ? 200
        : caller is null ? 401
        : Access.Split(", ").Contains(caller) ? 200
        : 403;

    public bool Matches(string path)
    {
        var (templates, segments) = (Path.Split('/'), path.Split('/'));
        for (var i = 0; i < templates.Length; i++)
        {
            if (templates[i].Contains("**", StringComparison.Ordinal)) return i < segments.Length && string.Join('/', segments[i..]).Length > 0;
            if (i == segments.Length || !Matches(templates[i], segments[i])) return false;
        }

        return templates.Length == segments.Length;
    }

    /// <summary>
    /// How strong the row's claim to a path is, to be compared as text: for each segment a literal, a name with text around it, a name, a
    /// rest.
    /// </summary>
    public string Strength => string.Concat(Path.Split('/').Select(s =>
        !s.Contains('{', StringComparison.Ordinal) ? 'd' : s.Contains("**", StringComparison.Ordinal) ? 'a' : s.StartsWith('{') && s.EndsWith('}') ? 'b' : 'c'));

    private static bool Matches(string template, string segment)
    {
        var (open, close) = (template.IndexOf('{', StringComparison.Ordinal), template.IndexOf('}', StringComparison.Ordinal));
        if (open < 0) return template == segment;
        var (before, after) = (template[..open], template[(close + 1)..]);
        return segment.Length > before.Length + after.Length
            && segment.StartsWith(before, StringComparison.Ordinal)
            && segment.EndsWith(after, StringComparison.Ordinal);
    }

    private static string Fill(string segment)
    {
        var open = segment.IndexOf('{', StringComparison.Ordinal);
        return open < 0 ? segment : segment[..open] + "zz9" + segment[(segment.IndexOf('}', StringComparison.Ordinal) + 1)..];
    }

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();

    private static List<string> Texts(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
}
