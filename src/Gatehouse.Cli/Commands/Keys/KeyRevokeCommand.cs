using System.CommandLine;
using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary>
/// <c>gatehouse key revoke</c>: prints the line that revokes a key from today on. The declaration is the store of keys, so a person adds the line.
/// </summary>
internal static class KeyRevokeCommand
{
    public static Command Create(TimeProvider clock)
    {
        var declaration = SharedOptions.Declaration();
        var id = new Option<string>("--id") { Description = "The public id of the key.", Required = true };
        var print = new Option<bool>("--print") { Description = "Print the line to add to the declaration." };
        var command =
            new Command("revoke", "Prints the line that revokes a key. A running gateway refuses the key as soon as it has loaded the change.")
            {
                declaration,
                id,
                print,
            };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(print)) result.AddError("Keys are kept in the declaration, which only its owners change: --print is needed.");
        });
        command.SetAction(parsed =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (KeyDeclaration.Read(parsed.GetRequiredValue(declaration), error) is not { } read) return ExitCode.Failed;
            var wanted = parsed.GetRequiredValue(id);
            if (read.Keys.FirstOrDefault(k => k.Id == wanted) is not { } key)
            {
                error.WriteLine($"No key has the id '{Show.Bounded(wanted)}'. {Nearest.Hint(wanted, read.Keys.Select(k => k.Id))}".TrimEnd());
                return ExitCode.Failed;
            }

            var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
            error.WriteLine($"Add this to the key of {key.Consumer} at {key.Place}:");
            output.WriteLine($"revoked: {today.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
            return ExitCode.Done;
        });
        return command;
    }
}
