using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Tests.Contracts;

/// <summary>The OpenAPI documents beside the tests.</summary>
internal static class Corpus
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "corpora", "openapi");

    /// <summary>Names of the files, in order.</summary>
    public static IEnumerable<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder)
            .Where(f => f.EndsWith("json", StringComparison.Ordinal) || f.EndsWith("yaml", StringComparison.Ordinal))
            .Select(f => Path.GetFileName(f))
            .Order(StringComparer.Ordinal)];

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

    public static Contract Contract(string name, Findings findings) =>
        ContractReader.Read(name, Read(name), findings) ?? throw new InvalidDataException(string.Join('\n', findings.InOrder()));
}
