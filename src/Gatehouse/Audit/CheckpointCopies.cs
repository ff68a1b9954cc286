using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// A second place for checkpoints: a file for each chain, appended to by a thread of its own, so that a place that is slow or gone costs nothing but
/// an event and a count. Notes that could not be written wait, in a bounded buffer.
/// </summary>
internal sealed class CheckpointCopies : IDisposable
{
    private const string Ending = ".checkpoints";
    private const int Capacity = 256 * 1024;
    private const int Tail = 32 * 1024;

    private readonly BufferedLineSink _file;

    public CheckpointCopies(string folder, string origin, EventWriter events)
    {
        var path = PathOf(folder, origin);
        _file = new BufferedLineSink(
            () => Open(path),
            e => events.Write($"checkpoints of the audit trail cannot be copied to {path} ({Show.Bounded(e.Message)}); they are kept beside it"),
            Capacity,
            writeAt: 1);
    }

    /// <summary>Copies that were given up, and attempts that failed.</summary>
    public long Failures => _file.Failures + _file.Dropped;

    /// <summary>The origin of a chain that begins now: a schema-less URL that no other chain has.</summary>
    public static string NewOrigin(string gateway, string instance) =>
        $"{gateway}/audit/{instance}/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";

    /// <summary>Where the checkpoints of a chain are copied to.</summary>
    public static string PathOf(string folder, string origin) =>
        Path.Combine(folder, string.Concat(origin.Split('/').Skip(2).Select(p => p + ".")).TrimEnd('.') + Ending);

    /// <summary>The notes in a folder, or in one file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static IEnumerable<SignedCheckpoint> Read(string place)
    {
        string[] files = Directory.Exists(place) ? Directory.GetFiles(place, "*" + Ending) : [place];
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            using var lines = new StreamReader(file);
            foreach (var note in Checkpoint.Notes(lines))
                if (Checkpoint.Read(note) is { } checkpoint) yield return checkpoint;
        }
    }

    /// <summary>The newest copy of a chain; null where there is none, or where it cannot be read.</summary>
    public static SignedCheckpoint? Newest(string folder, string origin)
    {
        try
        {
            return Last(PathOf(folder, origin), c => c.Origin == origin);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The newest copy of any chain of an instance; null where there is none, or where none can be read.</summary>
    public static SignedCheckpoint? NewestOf(string folder, string gateway, string instance)
    {
        try
        {
            return Directory.GetFiles(folder, $"{instance}.*{Ending}")
                .Select(f => Last(f, c => c.Origin.StartsWith($"{gateway}/audit/{instance}/", StringComparison.Ordinal)))
                .OfType<SignedCheckpoint>().MaxBy(c => c.Checkpoint.Time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="note">It ends in a line feed; the empty line that ends it in the file comes with it.</param>
    public void Add(string note) => _file.Write(Encoding.UTF8.GetBytes(note));

    public void Dispose() => _file.Dispose();

    private static SignedCheckpoint? Last(string path, Func<Checkpoint, bool> isMeant)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(-Math.Min(Tail, file.Length), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return Checkpoint.Notes(reader).Select(Checkpoint.Read).LastOrDefault(c => c is not null && isMeant(c.Checkpoint));
    }

    private static FileStream Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        return new FileStream(path, options);
    }
}
