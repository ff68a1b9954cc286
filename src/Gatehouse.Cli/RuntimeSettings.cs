namespace Gatehouse.Cli;

/// <summary>
/// Settings of the .NET runtime that can only be given before the runtime reads them: when the first socket opens and when the thread pool starts its
/// first worker. The executable sets them, never the library, because a host that embeds Gatehouse may want others. A setting that the environment
/// already gives is left alone; <c>GATEHOUSE_RUNTIME_SETTINGS=off</c> leaves all of them alone.
/// </summary>
internal static class RuntimeSettings
{
    public const string Switch = "GATEHOUSE_RUNTIME_SETTINGS";
    public const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    public const string SpinLimit = "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit";
    public const string SpinLimitKnob = "System.Threading.ThreadPool.UnfairSemaphoreSpinLimit";

    public static void Apply(Func<string, string?> read, Action<string, string> write)
    {
        if (string.Equals(read(Switch), "off", StringComparison.OrdinalIgnoreCase)) return;

        // What a socket has received is handled on the thread that noticed it: one thread switch less for each read and write.
        if (read(InlineCompletions) is null) write(InlineCompletions, "1");

        // Workers that have nothing to do sleep at once instead of spinning, which costs more than it saves when a gateway is not saturated.
        if (read(SpinLimit) is null) AppContext.SetData(SpinLimitKnob, 0);
    }
}
