using System.Runtime.InteropServices;

namespace Gatehouse.Runtime;

/// <summary>
/// Long work beside the exchanges: on a thread of its own, because on one core it would keep the pool's only worker from them, and where the
/// system lets a thread step back (Linux), behind theirs.
/// </summary>
internal static class BackgroundThread
{
    /// <summary>Of 20 steps down (setpriority(2)): with every core busy it still gets about a tenth of one.</summary>
    private const int StepsDown = 10;

    private const int OneProcess = 0; // PRIO_PROCESS: with 0, Linux means the calling thread

    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            StepBack();
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "gatehouse reload",
        };
        thread.Start();
        return done.Task;
    }

    private static void StepBack()
    {
        // whether it is granted does not matter: the work is done either way
        if (OperatingSystem.IsLinux()) _ = SetPriority(OneProcess, 0, StepsDown);
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int SetPriority(int which, uint who, int priority);
}
