using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Configuration;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary><c>gatehouse audit open</c>: the changes of which nobody knows whether they happened, and that nobody has closed.</summary>
internal static class AuditOpenCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var file = new Argument<string?>("TRAIL")
        {
            Description = TrailPlace.Description + " That of the declaration unless given.",
            Arity = ArgumentArity.ZeroOrOne,
        }.OfFiles();
        var declaration = SharedOptions.Declaration(gateway.DeclarationPath);
        var environment = SharedOptions.Environment();
        var output = SharedOptions.Output([.. Listing.Forms]);
        var command = new Command("open", "Lists the changes that were begun and of which nobody knows whether they happened. Exits 1 when there are any.")
        {
            file, declaration, environment, output,
        };
        command.SetAction(parsed =>
        {
            var (result, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var place = parsed.GetValue(file) is { } named
                ? TrailPlace.Of(named, error)
                : DeclaredTrail.Read(parsed.GetRequiredValue(declaration), parsed.GetValue(environment), gateway, error)?.Place;
            if (place is { IsLive: false })
            {
                error.WriteLine("This is an export, which does not say what is open: look in the trail itself.");
                return ExitCode.Failed;
            }

            if (place?.OpenReader(error) is not { } reader) return ExitCode.Failed;
            using (reader) return List(reader, parsed.GetRequiredValue(output), result, error);
        });
        return command;
    }

    private static int List(AuditReader reader, string form, TextWriter output, TextWriter error)
    {
        try
        {
            var open = reader.Unknown();
            new Listing(["request", "since", "route", "consumer", "credential", "reason"], [.. open.Select(u => RowOf(u, reader))])
                .Write(form, output);
            if (open.Count == 0) return ExitCode.Done;
            error.WriteLine("Find out what became of each; then: gatehouse audit close REQUEST --by NAME --reason TEXT");
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            error.WriteLine($"The trail is damaged: {Show.Bounded(e.Message)}");
        }

        return ExitCode.Failed;
    }

    private static Listing.Row RowOf(UnknownIntent unknown, AuditReader reader)
    {
        var became = At(reader, unknown.Chain, unknown.Sequence);
        var intent = became is { First: > 0 and var first } ? At(reader, unknown.Chain, first) : null;
        var said = intent ?? became;
        return new Listing.Row(
            unknown.RequestId, said?.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), said?.Route, said?.Consumer,
            said?.CredentialId, became?.Reason);
    }

    private static AuditRecord? At(AuditReader reader, AuditChain chain, long sequence) =>
        reader.Records(chain, sequence).FirstOrDefault() is { } stored && stored.Sequence == sequence ? RecordReader.Read(stored)?.Record : null;
}
