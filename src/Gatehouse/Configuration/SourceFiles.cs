using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Configuration;

/// <summary>
/// What one reading of a declaration takes from outside: files, with the digest of each, and variables of the environment. Paths in a declaration are
/// relative to the file they stand in. A file is read once per reading, so that everything made from it was made from the same bytes.
/// </summary>
/// <param name="read">Reads a file whole; throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot.</param>
/// <param name="mode">The access mode of a file, or null where files have none.</param>
/// <param name="variable">A variable of the environment, or null.</param>
/// <param name="foreign">Whether a file belongs to another account.</param>
internal sealed class SourceFiles(
    Func<string, byte[]> read,
    Func<string, UnixFileMode?>? mode = null,
    Func<string, string?>? variable = null,
    Func<string, bool>? foreign = null)
{
    /// <summary>Bytes of the largest file that is read.</summary>
    public const int Largest = 64 * 1024 * 1024;

    private readonly Dictionary<string, byte[]> _contents = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _digests = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withheld = new(StringComparer.Ordinal);

    public static SourceFiles OnDisk() => new(ReadBounded, ModeOf, Environment.GetEnvironmentVariable, FileOwner.IsAnother);

    /// <summary>Files of a test or of the demo, by path.</summary>
    public static SourceFiles InMemory(
        IReadOnlyDictionary<string, string> files,
        IReadOnlyDictionary<string, string>? variables = null,
        Func<string, UnixFileMode?>? mode = null) => new(
        path => files.TryGetValue(path, out var text) ? Encoding.UTF8.GetBytes(text) : throw new FileNotFoundException("no such file", path),
        mode,
        name => variables?.GetValueOrDefault(name));

    /// <summary>
    /// Every path asked for so far with the SHA-256 of its bytes in hex; "-" for one that could not be read. What is watched for a change.
    /// </summary>
    public IReadOnlyDictionary<string, string> Digests => _digests;

    /// <summary>The files that have been read and may be kept, with their contents: none with a secret, and none that has to be of today.</summary>
    public IEnumerable<KeyValuePair<string, byte[]>> Kept => _contents.Where(f => !IsWithheld(f.Key, f.Value));

    /// <summary>The other files that have been read.</summary>
    public IEnumerable<string> Withheld => _contents.Where(f => IsWithheld(f.Key, f.Value)).Select(f => f.Key);

    public static string Beside(string file, string path) =>
        Path.IsPathRooted(path) ? path : Path.Combine(Path.GetDirectoryName(file) ?? "", path);

    /// <summary>The same text for the same file, from wherever it is named: an environment has another way to it than the declaration.</summary>
    public static string Plain(string path) => Path.GetRelativePath(".", path);

    public bool TryRead(string path, out byte[] bytes, out string why)
    {
        why = "";
        if (_contents.TryGetValue(path, out bytes!)) return true;
        try
        {
            bytes = _contents[path] = read(path);
            _digests[path] = Convert.ToHexStringLower(SHA256.HashData(bytes));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            _digests[path] = "-";
            bytes = [];
            why = e is FileNotFoundException or DirectoryNotFoundException ? "it does not exist" : "it cannot be read";
            return false;
        }
    }

    /// <summary>Says of a file that nobody may keep it: it holds a secret, or says what has been revoked.</summary>
    public void Withhold(string path) => _withheld.Add(path);

    /// <summary>The same source with some files as they were.</summary>
    /// <param name="kept">What these files held.</param>
    /// <param name="withheld">The files that are read as they are. All others do not exist.</param>
    public SourceFiles AsKept(IReadOnlyDictionary<string, byte[]> kept, IReadOnlySet<string> withheld) => new(
        path => kept.TryGetValue(path, out var bytes) ? bytes
            : withheld.Contains(path) ? read(path) : throw new FileNotFoundException("it was not kept", path),
        mode, variable, foreign);

    /// <summary>Whether others than the file's owner may read or change it.</summary>
    public bool IsOpenToOthers(string path)
    {
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        try
        {
            return mode?.Invoke(path) is { } bits && (bits & others) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it cannot be read either, which TryRead has said
        }
    }

    /// <summary>Whether another account than this process's or root owns the file.</summary>
    public bool BelongsToAnother(string path) => foreign?.Invoke(path) ?? false;

    public string? Variable(string name) => variable?.Invoke(name);

    private bool IsWithheld(string path, byte[] bytes) => _withheld.Contains(path) || bytes.AsSpan().IndexOf("PRIVATE KEY-----"u8) >= 0;

    private static UnixFileMode? ModeOf(string path) =>
        OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);

    private static byte[] ReadBounded(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.CanSeek && stream.Length > Largest) throw new IOException("too large");
        var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            if (content.Length + count > Largest) throw new IOException("too large"); // devices and pipes have no length
            content.Write(buffer, 0, count);
        }

        return content.ToArray();
    }
}
