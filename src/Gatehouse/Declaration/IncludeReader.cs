using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration;

/// <summary>
/// Finds a declaration's own file and every file that it includes, as nodes: what they mean is read when an environment has had its word.
/// </summary>
internal sealed class IncludeReader(RootSection section, SourceFiles files, Findings findings)
{
    private const int MostDepth = 8;
    private const int MostFiles = 500;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, Place> _seen = new(StringComparer.Ordinal);
    private readonly List<SourceText> _included = [];

    /// <summary>The files, the declaration's own first; empty when that one cannot be read.</summary>
    public IReadOnlyList<SourceText> Read(string path)
    {
        var start = new Place(path, 1, 1);
        _seen[Identity(path)] = start;
        if (!files.TryRead(path, out var bytes, out var why))
        {
            findings.Add(Rules.NoFile, start, $"the declaration is needed, but {why}");
            return [];
        }

        if (Parse(path, bytes, section.Main, findings) is not { } main) return [];
        Follow(new SourceText(main, []), 1);
        return [new SourceText(main, []), .. _included];
    }

    /// <summary>One file's text as a map, or null; then a finding says why.</summary>
    /// <param name="shape">What the map is, for what is said when it is none.</param>
    public static MapNode? Parse(string path, byte[] bytes, Shape shape, Findings findings)
    {
        string text;
        try
        {
            text = Strict.GetString(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes);
        }
        catch (DecoderFallbackException)
        {
            findings.Add(Rules.NotYaml, new Place(path, 1, 1), "the file is not text in UTF-8");
            return null;
        }

        var node = YamlReader.Read(path, text, findings);
        if (node is not null and not MapNode) shape.Check(node, findings);
        return node as MapNode;
    }

    private void Follow(SourceText from, int depth)
    {
        if (from.Node[RootSection.Include.Name] is not ListNode list || !RootSection.Include.Shape.TryRead(list, findings, out var includes)) return;
        foreach (var include in includes)
        {
            var path = SourceFiles.Beside(include.File.Place.File, include.File.Value);
            if (!IsAllowed(include.File, path, depth)) continue;
            if (!files.TryRead(path, out var bytes, out var why))
            {
                findings.Add(Rules.NoFile, include.File.Place, $"the included file '{Show.Bounded(include.File.Value)}' is needed, but {why}");
                continue;
            }

            if (Parse(path, bytes, section.Included, findings) is not { } node) continue;
            var read = new SourceText(node, include.Bounds is { } bounds ? [.. from.Bounds, bounds] : from.Bounds);
            _included.Add(read);
            Follow(read, depth + 1);
        }
    }

    private bool IsAllowed(Located<string> include, string path, int depth)
    {
        var name = Show.Bounded(include.Value);
        if (_seen.TryGetValue(Identity(path), out var first))
        {
            findings.Add(Rules.Include, include.Place, first.Line == 1 && first.Column == 1 && first.File == path
                ? $"'{name}' is the declaration that includes this" : $"'{name}' is included already at {first}");
            return false;
        }

        if (depth > MostDepth || _seen.Count >= MostFiles)
        {
            findings.Add(Rules.Include, include.Place, $"'{name}' would be too much: at most {MostFiles} files, {MostDepth} deep");
            return false;
        }

        _seen[Identity(path)] = include.Place;
        return true;
    }

    private static string Identity(string path) => Path.GetFullPath(path);
}

/// <summary>One file as nodes.</summary>
/// <param name="Bounds">What the file may say: its own bounds and those of the files that led to it, every one of them.</param>
internal sealed record SourceText(MapNode Node, IReadOnlyList<Bounds> Bounds);

/// <summary>One file as it was read, with the nodes that it was read from.</summary>
internal sealed record WrittenFile(RootText Text, MapNode Node, IReadOnlyList<Bounds> Bounds);
