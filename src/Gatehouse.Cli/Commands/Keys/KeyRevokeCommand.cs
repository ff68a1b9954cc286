using System.CommandLine;
using System.Globalization;
using Gatehouse.Cli.Commands.Register;
using Gatehouse.Configuration;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary>
/// <c>gatehouse key revoke</c>: ends a key of the register, or prints the line that ends a key of the declaration: that is changed by its
/// owners only.
/// </summary>
internal static class KeyRevokeCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var id = new Option<string>("--id") { Description = "The public id of the key.", Required = true };
        var print = new Option<bool>("--print") { Description = "Print the line to add to the declaration." };
        var (reason, by) = (ActOptions.Reason(""), ActOptions.By());
        var command = new Command("revoke", "Ends a key of the register on every instance within five seconds; with --print, prints the line that ends a key of the declaration.")
        {
            declaration, environment, id, print, reason, by,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(print) == (result.GetValue(reason) is { Length: > 0 }))
                result.AddError("--reason TEXT ends a key of the register; --print prints the line that ends a key of the declaration. One of them is needed.");
        });
        command.SetAction(async (parsed, cancelled) =>
        {
            var (file, wanted, console) = (parsed.GetRequiredValue(declaration), parsed.GetRequiredValue(id), parsed.InvocationConfiguration);
            if (parsed.GetValue(print)) return Print(file, wanted, gateway.Clock, console);
            return await new StoredKeys(gateway, file, parsed.GetValue(environment), console).RevokeAsync(
                wanted, parsed.GetRequiredValue(by).Trim(), parsed.GetRequiredValue(reason).Trim(), cancelled);
        });
        return command;
    }

    private static int Print(string file, string wanted, TimeProvider clock, InvocationConfiguration console)
    {
        if (KeyDeclaration.Read(file, console.Error) is not { } read) return ExitCode.Failed;
        if (read.Keys.FirstOrDefault(k => k.Id == wanted) is not { } key)
        {
            console.Error.WriteLine($"No key has the id '{Show.Bounded(wanted)}'. {Nearest.Hint(wanted, read.Keys.Select(k => k.Id))}".TrimEnd());
            return ExitCode.Failed;
        }

        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        console.Error.WriteLine($"Add this to the key of {Show.Bounded(key.Consumer)} at {key.Place}:");
        console.Output.WriteLine($"revoked: {today.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        return ExitCode.Done;
    }
}
