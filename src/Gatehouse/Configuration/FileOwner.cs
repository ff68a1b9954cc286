using System.Runtime.InteropServices;

namespace Gatehouse.Configuration;

/// <summary>Whose a file is, where the system can say so (Linux, statx(2)).</summary>
internal static class FileOwner
{
    private const int HereOrAbsolute = -100; // AT_FDCWD
    private const uint Owner = 0x8; // STATX_UID
    private const int OwnerAt = 20; // stx_uid, the same on every architecture
    private const int Length = 256;

    /// <summary>Whether the file belongs to another account than this process's or root: that one could change it.</summary>
    public static bool IsAnother(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        var status = new byte[Length];
        try
        {
            if (Statx(HereOrAbsolute, path, 0, Owner, status) != 0) return false; // it cannot be read either, which has been said
            var owner = BitConverter.ToUInt32(status, OwnerAt);
            return owner != 0 && owner != EffectiveUser();
        }
        catch (EntryPointNotFoundException)
        {
            return false; // a C library from before 2018
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] status);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint EffectiveUser();
}
