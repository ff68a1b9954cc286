namespace Gatehouse.Policies.Body;

/// <summary>There is no room for another body.</summary>
internal sealed class SpoolFullException() : IOException("the spool is full");

/// <summary>
/// Files for bodies that are too large for memory; all together they may have <paramref name="most"/> bytes, and those of one client address a
/// quarter of that, so that nobody takes the room of all. A file is readable by this user only
/// and has no name once it is open, so that nothing is left behind however the process ends; where open files must keep their names, closing
/// deletes them.
/// </summary>
internal sealed class Spool(long most, string directory)
{
    public const long Most = 1L << 30;

    private const int Shares = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, long> _byAddress = [];
    private long _used;

    public long Used => Volatile.Read(ref _used);

    /// <summary>How many addresses have something in it.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate) return _byAddress.Count;
        }
    }

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
    /// <param name="address">The <see cref="Pipeline.AddressKey"/> of the client whose body it is.</param>
    /// <exception cref="SpoolFullException">There is none, or the address has its share.</exception>
    public void Claim(ulong address, int bytes)
    {
        lock (_gate)
        {
            var own = _byAddress.GetValueOrDefault(address);
            if (_used + bytes > most || own + bytes > most / Shares) throw new SpoolFullException();
            _byAddress[address] = own + bytes;
            _used += bytes;
        }
    }

    public void Release(ulong address, long bytes)
    {
        if (bytes == 0) return;
        lock (_gate)
        {
            _used -= bytes;
            if (_byAddress[address] == bytes) _byAddress.Remove(address);
            else _byAddress[address] -= bytes;
        }
    }
}
