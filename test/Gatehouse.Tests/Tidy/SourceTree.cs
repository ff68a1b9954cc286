using System.Runtime.CompilerServices;

namespace Gatehouse.Tests.Tidy;

/// <summary>The project's own files, for tests that read them.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));

    /// <summary>Every C# file of the project that a person wrote, as paths from the root.</summary>
    public static IEnumerable<string> CSharp() => Files("*.cs");

    public static IEnumerable<string> Files(string pattern) =>
        from folder in new[] { "src", "samples", "test", "bench", "docs", "changes" }
        let path = Path.Combine(Root, folder)
        where Directory.Exists(path)
        from file in Directory.EnumerateFiles(path, pattern, SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, file)
        where !relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "corpora" or "node_modules")
        select relative;

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    private static string Here([CallerFilePath] string path = "") => path;
}
