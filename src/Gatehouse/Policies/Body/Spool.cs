namespace Gatehouse.Policies.Body;

/// <summary>There is no room for another body.</summary>
internal sealed class SpoolFullException() : IOException("the spool is full");

/// <summary>
/// Files for bodies that are too large for memory; all together they may have <paramref name="most"/> bytes. A file is readable by this user only
/// and has no name once it is open, so that nothing is left behind however the process ends; where open files must keep their names, closing
/// deletes them.
/// </summary>
internal sealed class Spool(long most, string directory)
{
    public const long Most = 1L << 30;

    private long _used;

    public long Used => Volatile.Read(ref _used);

    public static FileStream Open(string directory)
    {
        var path = Path.Combine(directory, "gatehouse-" + Path.GetRandomFileName());
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        options.Options = FileOptions.Asynchronous | (OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None);
        if (OperatingSystem.IsWindows()) return new FileStream(path, options);
        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }

    public FileStream Open() => Open(directory);

    /// <summary>Claims room for so many bytes more.</summary>
    /// <exception cref="SpoolFullException">There is none.</exception>
    public void Claim(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= most) return;
        Interlocked.Add(ref _used, -bytes);
        throw new SpoolFullException();
    }

    public void Release(long bytes) => Interlocked.Add(ref _used, -bytes);
}
