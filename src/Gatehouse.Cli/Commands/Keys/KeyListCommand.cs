using System.CommandLine;
using System.Globalization;
using Gatehouse.Cli.Commands.Output;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key list</c>: the API keys that the declaration knows, and which of them still open something.</summary>
internal static class KeyListCommand
{
    public static Command Create(TimeProvider clock)
    {
        var declaration = SharedOptions.Declaration();
        var output = SharedOptions.Output([.. Listing.Forms]);
        var command = new Command("list", "Lists the keys of a declaration: id, consumer, expiry, state. Exits 1 when one of them cannot be read.")
        {
            declaration,
            output,
        };
        command.SetAction(parsed =>
        {
            if (KeyDeclaration.Read(parsed.GetRequiredValue(declaration), parsed.InvocationConfiguration.Error) is not { } read)
                return ExitCode.Failed;
            var now = clock.GetUtcNow();
            new Listing(["id", "consumer", "expires", "state", "place"],
                [.. read.Keys.Select(k => new Listing.Row(k.Id, k.Consumer, Write(k.Expires), k.StateAt(now), k.Place.ToString()))])
                .Write(parsed.GetRequiredValue(output), parsed.InvocationConfiguration.Output);
            foreach (var finding in read.Wrong) parsed.InvocationConfiguration.Error.WriteLine(finding);
            return read.Wrong.Count > 0 ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static string? Write(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
