using System.CommandLine;
using Gatehouse.Cli;

namespace Gatehouse.Tests.Cli;

/// <summary>Runs a command in this process, as the executable would, and keeps what it printed.</summary>
internal static class Runs
{
    public static async Task<Run> Async(Command command, params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await new CommandLine([command]).RunAsync(arguments, output, error);
        return new Run(exitCode, output.ToString(), error.ToString());
    }

    internal sealed record Run(int ExitCode, string Output, string Error);
}
