using System.CommandLine;
using Gatehouse.Cli.Commands.Register;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key rotate</c>: makes a key in the place of one of the register; both are good for a while.</summary>
internal static class KeyRotateCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var output = SharedOptions.Output("text", "json");
        var id = new Option<string>("--id") { Description = "The public id of the key that is replaced.", Required = true };
        var overlap = TimeOptions.Duration(
            "--overlap", "For how long the old key is still good; 7d unless given.", TimeSpan.FromDays(7), TimeSpan.FromDays(90));
        var expires = KeyCreateCommand.Expires(gateway.Clock);
        var (reason, by) = (ActOptions.Reason("rotation"), ActOptions.By());
        var command = new Command("rotate", "Makes a key in the place of one of the register, shows it once, and lets the old one end after a while.")
        {
            id, overlap, expires, reason, by, declaration, environment, output,
        };
        command.SetAction((parsed, cancelled) =>
            new StoredKeys(gateway, parsed.GetRequiredValue(declaration), parsed.GetValue(environment), parsed.InvocationConfiguration).RotateAsync(
                parsed.GetRequiredValue(id), parsed.GetValue(overlap), KeyCreateCommand.DayOf(parsed, expires, gateway.Clock),
                parsed.GetRequiredValue(by).Trim(), parsed.GetRequiredValue(reason).Trim(), parsed.GetRequiredValue(output), cancelled));
        return command;
    }
}
