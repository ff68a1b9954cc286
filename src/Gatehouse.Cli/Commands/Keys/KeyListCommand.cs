using System.CommandLine;
using System.Globalization;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key list</c>: the API keys that the declaration and its register know, and which of them still open something.</summary>
internal static class KeyListCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var output = SharedOptions.Output([.. Listing.Forms]);
        var command = new Command("list", "Lists the keys of a declaration and of its register: id, consumer, expiry, state. Exits 1 when one of them cannot be read.")
        {
            declaration,
            environment,
            output,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (file, console) = (parsed.GetRequiredValue(declaration), parsed.InvocationConfiguration);
            if (KeyDeclaration.Read(file, console.Error) is not { } read) return ExitCode.Failed;
            var now = gateway.Clock.GetUtcNow();
            var issued = read.HasRegister ? await new StoredKeys(gateway, file, parsed.GetValue(environment), console).ListAsync(cancelled) : [];
            new Listing(["id", "consumer", "expires", "state", "place"],
                [.. read.Keys.Select(k => new Listing.Row(k.Id, k.Consumer, Write(k.Expires), k.StateAt(now), k.Place.ToString())), .. issued ?? []])
                .Write(parsed.GetRequiredValue(output), console.Output);
            foreach (var finding in read.Wrong) console.Error.WriteLine(finding);
            return read.Wrong.Count > 0 || issued is null ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static string? Write(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
