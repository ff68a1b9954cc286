namespace Gatehouse.TestKit;

/// <summary>
/// A golden case: one file that holds an input and what is expected of it. The input is the file itself. Lines that begin with <c>#&gt;</c> say what
/// is expected, one line each; a line <c>#--- PATH</c> begins a further file of the input. With the variable <c>GATEHOUSE_UPDATE_GOLDEN=1</c> the
/// expectations are rewritten by what came out; the difference is then reviewed like code.
/// </summary>
public sealed class Golden
{
    private const string Expectation = "#>";
    private const string FurtherFile = "#--- ";
    private const string UpdateVariable = "GATEHOUSE_UPDATE_GOLDEN";

    private readonly string _path;
    private readonly string[] _input;

    private Golden(string path)
    {
        _path = path;
        var lines = System.IO.File.ReadAllText(path).TrimEnd('\n').Split('\n');
        _input = [.. lines.Where(l => !l.StartsWith(Expectation, StringComparison.Ordinal))];
        Expected = [.. lines.Where(l => l.StartsWith(Expectation, StringComparison.Ordinal)).Select(l => l[Expectation.Length..].Trim())];
    }

    public string Name => Path.GetFileNameWithoutExtension(_path);

    public IReadOnlyList<string> Expected { get; }

    /// <summary>The root of the repository that the tests were built from.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The names of all cases of a folder, in order: a theory's data.</summary>
    public static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository, folder), "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!)
            .Order(StringComparer.Ordinal);

    public static Golden Read(string folder, string name) => new(Path.Combine(Repository, folder, name + ".yaml"));

    /// <summary>The files of the input by path; the first one under the name that is given.</summary>
    public Dictionary<string, string> Files(string first)
    {
        var files = new Dictionary<string, List<string>> { [first] = [] };
        var current = files[first];
        foreach (var line in _input)
        {
            if (line.StartsWith(FurtherFile, StringComparison.Ordinal)) current = files[line[FurtherFile.Length..].Trim()] = [];
            else current.Add(line);
        }

        return files.ToDictionary(f => f.Key, f => string.Join('\n', f.Value) + "\n");
    }

    /// <summary>Null when what came out is what is expected, or was just written down as such; otherwise both, for people.</summary>
    public string? Difference(IReadOnlyList<string> actual)
    {
        if (actual.SequenceEqual(Expected, StringComparer.Ordinal)) return null;
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            System.IO.File.WriteAllText(_path, string.Join('\n', [.. _input, .. actual.Select(a => $"{Expectation} {a}")]) + "\n");
            return null;
        }

        var (expected, came) = (string.Join("\n  ", Expected), string.Join("\n  ", actual));
        return $"{Name}\nexpected:\n  {expected}\nactual:\n  {came}\n({UpdateVariable}=1 rewrites the expectations)";
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Gatehouse.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("the tests do not run inside the repository");
    }
}
