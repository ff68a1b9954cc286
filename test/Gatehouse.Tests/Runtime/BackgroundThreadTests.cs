using System.Globalization;
using Gatehouse.Runtime;

namespace Gatehouse.Tests.Runtime;

public sealed class BackgroundThreadTests
{
    [Fact]
    public async Task Works_on_a_thread_of_its_own_that_steps_back()
    {
        var (pooled, nice) =
            await BackgroundThread.RunAsync(static () => (Thread.CurrentThread.IsThreadPoolThread, NiceOf("/proc/thread-self/stat")));

        Assert.False(pooled);
        if (OperatingSystem.IsLinux()) Assert.Equal(Math.Min(NiceOf("/proc/self/stat") + 10, 19), nice);
    }

    [Fact]
    public async Task Hands_on_what_is_thrown()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => BackgroundThread.RunAsync<int>(static () => throw new InvalidDataException("broken")));
    }

    // the 19th field of proc_pid_stat(5); the second may hold blanks, and ends with the last bracket
    private static int NiceOf(string file)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var text = File.ReadAllText(file);
        return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }
}
