namespace Gatehouse.Configuration;

/// <summary>A database file, and what is made beside it, that only its owner may read and write.</summary>
internal static class OwnersFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly string[] Companions = ["", "-wal", "-shm"];

    /// <summary>
    /// Makes the file with mode 0600 where there is none: what it makes beside has the same. What others could read they cannot any more.
    /// </summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Prepare(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            if (!File.Exists(path)) File.Create(path).Dispose();
            return;
        }

        // it is never opened besides: to close it again would let go of the locks of whoever has it open in this process
        if (!File.Exists(path)) Make(path);
        foreach (var file in Companions.Select(c => path + c))
            if (File.Exists(file) && (File.GetUnixFileMode(file) & ~Owner) != 0) File.SetUnixFileMode(file, Owner);
    }

    private static void Make(string path)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Owner;
            new FileStream(path, options).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // somebody else was faster
        }
    }
}
