using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key init FILE</c>: writes a new pepper, the secret under which API keys are hashed.</summary>
internal static class KeyInitCommand
{
    private const int PepperBytes = 32;

    public static Command Create()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where to write the pepper. A file that exists is never overwritten: its keys would all stop working.",
        };
        var command = new Command("init", "Writes a new pepper that only its owner may read (mode 0600).") { file };
        command.SetAction(async (parsed, cancelled) =>
        {
            var path = parsed.GetRequiredValue(file);
            try
            {
                await WriteAsync(path, cancelled);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"The pepper was not written: {e.Message}");
                return ExitCode.Failed;
            }

            await parsed.InvocationConfiguration.Output.WriteLineAsync(
                $"""
                Wrote {path}. Refer to it in the declaration, by a path relative to the declaration:

                  keys: {"{"} pepper: "file:{Path.GetFileName(path)}" {"}"}

                Keep it out of the repository, and keep a copy: without it no key can be verified.
                """);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Writes 256 random bits as one line of base64, to a new file.</summary>
    public static async Task WriteAsync(string path, CancellationToken cancelled)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new FileStream(path, options);
        var line = Convert.ToBase64String(RandomNumberGenerator.GetBytes(PepperBytes)) + "\n";
        await file.WriteAsync(Encoding.ASCII.GetBytes(line), cancelled);
    }
}
