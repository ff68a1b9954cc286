namespace Gatehouse.Cli.Commands.Demo;

/// <summary>How a reader starts this very program again from a shell.</summary>
internal static class DemoProgram
{
    public const string Name = "gatehouse";

    /// <summary>The plain name where the search path leads to this program, else its whole path.</summary>
    public static string InShell() =>
        InShell(
            Environment.ProcessPath,
            Environment.GetCommandLineArgs() is [var first, ..] ? first : "",
            Environment.GetEnvironmentVariable("PATH"));

    /// <param name="program">The running executable.</param>
    /// <param name="library">What it was told to run, where it is the general one of .NET.</param>
    /// <param name="searched">The search path.</param>
    public static string InShell(string? program, string library, string? searched)
    {
        if (program is null) return Name;
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") return $"dotnet {DemoCall.Word(Path.GetFullPath(library))}";
        foreach (var folder in searched?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var found = new FileInfo(Path.Combine(folder, Name));
            if (!found.Exists) continue;
            var target = found.ResolveLinkTarget(returnFinalTarget: true) ?? found;
            return target.FullName == program ? Name : DemoCall.Word(program);
        }

        return DemoCall.Word(program);
    }
}
