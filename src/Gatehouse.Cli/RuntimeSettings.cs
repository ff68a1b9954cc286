using System.Runtime.InteropServices;

namespace Gatehouse.Cli;

/// <summary>
/// Settings of the .NET runtime and of the C library that can only be given before they are read: when the first socket opens, when the thread pool
/// starts its first worker, when further threads ask for native memory. The executable sets them, never the library, because a host that embeds
/// Gatehouse may want others. A setting that the environment already gives is left alone; <c>GATEHOUSE_RUNTIME_SETTINGS=off</c> leaves all of them
/// alone.
/// </summary>
internal static class RuntimeSettings
{
    public const string Switch = "GATEHOUSE_RUNTIME_SETTINGS";
    public const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    public const string SpinLimit = "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit";
    public const string SpinLimitKnob = "System.Threading.ThreadPool.UnfairSemaphoreSpinLimit";
    public const string Arenas = "MALLOC_ARENA_MAX";
    public const string Threshold = "MALLOC_TRIM_THRESHOLD_";

    private const int MostArenas = -8; // M_ARENA_MAX of glibc's malloc.h
    private const int TrimThreshold = -1; // M_TRIM_THRESHOLD
    private const int TrimAbove = 128 * 1024; // its own first value, which it raises otherwise

    public static void Apply(Func<string, string?> read, Action<string, string> write)
    {
        if (string.Equals(read(Switch), "off", StringComparison.OrdinalIgnoreCase)) return;

        // What a socket has received is handled on the thread that noticed it: one thread switch less for each read and write.
        if (read(InlineCompletions) is null) write(InlineCompletions, "1");

        // Workers that have nothing to do sleep at once instead of spinning, which costs more than it saves when a gateway is not saturated.
        if (read(SpinLimit) is null) AppContext.SetData(SpinLimitKnob, 0);

        if (OperatingSystem.IsLinux()) LimitNativeMemory(read(Arenas) is null, read(Threshold) is null);
    }

    /// <summary>
    /// One pool of native memory for each processor instead of eight, and what is free at its end goes back: a compiler thread or a handshake leaves
    /// ten megabytes behind in each otherwise, for ever.
    /// </summary>
    private static void LimitNativeMemory(bool arenas, bool threshold)
    {
        try
        {
            if (arenas) _ = SetMallocOption(MostArenas, Environment.ProcessorCount);
            if (threshold) _ = SetMallocOption(TrimThreshold, TrimAbove);
        }
        catch (EntryPointNotFoundException)
        {
            // another C library, which has no such pools
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int SetMallocOption(int option, int value);
}
