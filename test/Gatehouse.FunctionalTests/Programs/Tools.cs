using System.Diagnostics;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>Programs of others, as the system has them.</summary>
internal static class Tools
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Skips the test where a program is missing.</summary>
    public static void Need(string program) =>
        Assert.SkipUnless(File.Exists("/usr/bin/" + program), $"{program} is not installed: ./build test installs it");

    /// <summary>Runs a program to its end; what it has said, and its exit code.</summary>
    public static async Task<(string Said, int ExitCode)> RunAsync(string program, CancellationToken cancel, params string[] arguments)
    {
        using var process = new Process { StartInfo = Start(program, arguments) };
        process.Start();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
        try
        {
            await process.WaitForExitAsync(cancel).WaitAsync(Longest, cancel);
            return (await output + await error, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static ProcessStartInfo Start(string program, string[] arguments) => new("/usr/bin/" + program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
}
