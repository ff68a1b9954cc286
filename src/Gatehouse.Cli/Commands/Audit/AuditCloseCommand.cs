using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary><c>gatehouse audit close</c>: a person says what became of changes of which nobody knew. Nothing else closes them.</summary>
internal static class AuditCloseCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var requests = new Argument<string[]>("REQUEST")
        {
            Description = "The request's id, as 'audit open' lists it.",
            Arity = ArgumentArity.OneOrMore,
        };
        var by = ActOptions.By(isRequired: true);
        var reason = ActOptions.Reason(description: "What became of it, and how that is known.");
        var declaration = SharedOptions.Declaration(gateway.DeclarationPath);
        var environment = SharedOptions.Environment();
        var command = new Command("close", "Closes changes that 'audit open' lists, with who says so and why. The gateway may be running.")
        {
            requests, by, reason, declaration, environment,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (DeclaredTrail.Read(parsed.GetRequiredValue(declaration), parsed.GetValue(environment), gateway, error) is not { } trail)
                return ExitCode.Failed;
            if (trail.Place.OpenReader(error) is not { } reader) return ExitCode.Failed;
            using var _ = reader;
            using var chain = await trail.OpenAsync(gateway, error, cancel);
            if (chain is null) return ExitCode.Failed;
            var closed = ExitCode.Done;
            foreach (var request in parsed.GetRequiredValue(requests).Distinct(StringComparer.Ordinal))
            {
                if (IsOpen(reader, request, trail.Place, error) is not { } isOpen) return ExitCode.Failed;
                if (!isOpen)
                {
                    await error.WriteLineAsync($"'{Show.Bounded(request)}' is not open: 'gatehouse audit open' lists what is.");
                    closed = ExitCode.Failed;
                    continue;
                }

                var record = new AuditRecord
                {
                    Kind = AuditKind.Closed,
                    Time = gateway.Clock.GetUtcNow(),
                    RequestId = request,
                    Intent = request,
                    Who = parsed.GetRequiredValue(by).Trim(),
                    Reason = parsed.GetRequiredValue(reason).Trim(),
                };
                if (trail.Write(chain, record, error)) await output.WriteLineAsync($"{request} is closed.");
                else return ExitCode.Failed;
            }

            return closed;
        });
        return command;
    }

    /// <summary>Null where that cannot be read; then it has been said why.</summary>
    private static bool? IsOpen(AuditReader reader, string request, TrailPlace place, TextWriter error)
    {
        try
        {
            return reader.Unknown().Any(u => u.RequestId == request);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            error.WriteLine($"What is open cannot be read in {place.Name}: {place.Why(e)}");
            return null;
        }
    }
}
