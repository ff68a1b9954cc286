using Gatehouse.Configuration;

namespace Gatehouse.Runtime;

/// <summary>
/// The files that one loading has read, as they were then. Whether they have changed is asked often: length and time of change are compared first,
/// and the contents only when these differ or when somebody wants to be sure. Files are opened, so that links lead to what they point at now.
/// </summary>
internal sealed class WatchedFiles
{
    private readonly IReadOnlyDictionary<string, string> _digests;
    private readonly Dictionary<string, Stamp?> _stamps = new(StringComparer.Ordinal);

    /// <param name="digests">The files with the digests of their contents; "-" for one that could not be read.</param>
    public WatchedFiles(IReadOnlyDictionary<string, string> digests)
    {
        _digests = digests;
        foreach (var path in digests.Keys) _stamps[path] = StampOf(path);
    }

    /// <param name="contents">Compare the contents even if nothing seems to have changed.</param>
    public bool HaveChanged(bool contents, Func<SourceFiles> files)
    {
        SourceFiles? now = null;
        foreach (var (path, digest) in _digests)
        {
            var stamp = StampOf(path);
            if (!contents && stamp is not null && stamp == _stamps[path]) continue;
            now ??= files();
            now.TryRead(path, out _, out _);
            if (now.Digests[path] != digest) return true;
            _stamps[path] = stamp;
        }

        return false;
    }

    private static Stamp? StampOf(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new Stamp(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private sealed record Stamp(long Length, DateTime Changed);
}
