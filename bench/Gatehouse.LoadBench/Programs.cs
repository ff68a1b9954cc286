namespace Gatehouse.LoadBench;

/// <summary>
/// What is started. Both the gateway and bare YARP, which is this program, are measured as <c>./build publish</c> makes what is deployed: compiled
/// ahead for this system. The same programs as they leave the build, which compile everything as they start, stand beside them where that matters.
/// </summary>
internal static class Programs
{
    private static readonly string Artifacts = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../.."));

    public static string Gatehouse { get; } = Existing(Path.Combine(Artifacts, "publish", "gatehouse", "gatehouse"));

    public static string GatehouseAsBuilt { get; } = AsBuilt("Gatehouse.Cli", "gatehouse");

    public static string Yarp { get; } = Existing(Path.Combine(Artifacts, "publish", "loadbench", "Gatehouse.LoadBench"));

    public static string YarpAsBuilt { get; } = AsBuilt("Gatehouse.LoadBench", "Gatehouse.LoadBench");

    /// <summary>What publishing compiled first: the folder may be named for this system.</summary>
    private static string AsBuilt(string project, string program)
    {
        var bin = Path.Combine(Artifacts, "bin", project);
        return Existing(Path.Combine(Directory.GetDirectories(bin, "release_*").FirstOrDefault(Path.Combine(bin, "release")), program));
    }

    private static string Existing(string file) =>
        File.Exists(file) ? file : throw new FileNotFoundException($"'{file}' is not there; ./build bench makes it");
}
