using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration;

/// <summary>Reads a declaration's own file and every file that it includes.</summary>
internal sealed class IncludeReader(RootSection section, SourceFiles files, Findings findings)
{
    private const int MostDepth = 8;
    private const int MostFiles = 500;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, Place> _seen = new(StringComparer.Ordinal);
    private readonly List<WrittenFile> _included = [];

    /// <summary>The files, the declaration's own first; empty when that one cannot be read.</summary>
    public IReadOnlyList<WrittenFile> Read(string path)
    {
        var start = new Place(path, 1, 1);
        _seen[Identity(path)] = start;
        if (!files.TryRead(path, out var bytes, out var why))
        {
            findings.Add(Rules.NoFile, start, $"the declaration is needed, but {why}");
            return [];
        }

        if (Parse(path, bytes, section.Main) is not { } main) return [];
        Follow(main, 1);
        return [main, .. _included];
    }

    private void Follow(WrittenFile from, int depth)
    {
        foreach (var include in from.Text.Includes)
        {
            var path = SourceFiles.Beside(include.File.Place.File, include.File.Value);
            if (!IsAllowed(include.File, path, depth)) continue;
            if (!files.TryRead(path, out var bytes, out var why))
            {
                findings.Add(Rules.NoFile, include.File.Place, $"the included file '{Show.Bounded(include.File.Value)}' is needed, but {why}");
                continue;
            }

            if (Parse(path, bytes, section.Included) is not { } read) continue;
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

    private WrittenFile? Parse(string path, byte[] bytes, Shape<RootText> shape)
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
        return node is not null && shape.TryRead(node, findings, out var read) ? new WrittenFile(read, (MapNode)node) : null;
    }

    private static string Identity(string path) => Path.GetFullPath(path);
}

/// <summary>One file as it was read, with the nodes that it was read from.</summary>
internal sealed record WrittenFile(RootText Text, MapNode Node);
