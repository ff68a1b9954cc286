using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Body;

/// <summary>There is no room for another body.</summary>
internal sealed class SpoolFullException() : IOException("the spool is full");

/// <summary>A file for a body cannot be made or written.</summary>
internal sealed class SpoolFailedException(Exception reason) : IOException("the spool cannot be written", reason);

/// <summary>
/// Files for bodies that are too large for memory; all together they may have <paramref name="most"/> bytes, and those of one client address a
/// quarter of that, so that nobody takes the room of all. A file is readable by this user only
/// and has no name once it is open, so that nothing is left behind however the process ends; where open files must keep their names, closing
/// deletes them. Where they cannot be written, the operator is told, once until it has gone well for a while.
/// </summary>
/// <param name="events">Tells the operator; null when nothing will be served.</param>
internal sealed class Spool(long most, string directory, TimeProvider clock, EventWriter? events = null)
{
    public const long Most = 1L << 30;

    /// <summary>How long nothing may have failed before it counts as well again.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);

    private const int Shares = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, long> _byAddress = [];
    private long _used;
    private long? _failed; // when it did so last; null while it is well

    public long Used => Volatile.Read(ref _used);

    /// <summary>How many addresses have something in it.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate) return _byAddress.Count;
        }
    }

    /// <exception cref="SpoolFailedException">It cannot be made.</exception>
    public FileStream Open()
    {
        try
        {
            return Make();
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            throw Failed(e);
        }
    }

    /// <exception cref="SpoolFailedException">It cannot be written.</exception>
    public async ValueTask WriteAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await file.WriteAsync(bytes, cancellation);
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            throw Failed(e);
        }
    }

    /// <summary>A body has been written to its end.</summary>
    public void Written()
    {
        lock (_gate)
        {
            if (_failed is not { } at || clock.GetElapsedTime(at) < Calm) return;
            _failed = null;
        }

        events?.Write($"large bodies can be written to {directory} again");
    }

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

    private static bool IsOfFiles(Exception e) => e is IOException or UnauthorizedAccessException;

    private FileStream Make()
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

    private SpoolFailedException Failed(Exception e)
    {
        bool isFirst;
        lock (_gate)
        {
            isFirst = _failed is null;
            _failed = clock.GetTimestamp();
        }

        if (isFirst) events?.Write($"large bodies cannot be written to {directory} ({Show.Bounded(e.Message)}); they are refused as overloaded until they can");
        return new SpoolFailedException(e);
    }
}
