using System.CommandLine;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Cli.Commands.Register;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.Register;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse suspend</c>, <c>resume</c> and <c>suspended</c>: keeps a consumer, a route or a credential from passing, whatever the declaration
/// says, on every instance within five seconds.
/// </summary>
internal static class SuspendCommand
{
    private const int LongestName = 200;

    public static Command Suspend(GatewayOptions gateway)
    {
        var (what, declaration, environment) = (new Suspendable(), SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var (reason, by, until) = (ActOptions.Reason(), ActOptions.By(), TimeOptions.Until(gateway.Clock));
        var command = new Command("suspend", "Keeps a consumer, a route or a credential from passing: in force on every instance within five seconds.")
        {
            what.Kind, what.Name, reason, until, by, declaration, environment,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            await using var access = RegisterAccess.Open(gateway, parsed.GetRequiredValue(declaration), parsed.GetValue(environment), error);
            var (kind, name) = what.Of(parsed);
            if (access is null || !Exists(kind, name, access, error)) return ExitCode.Failed;
            var (who, why) = (parsed.GetRequiredValue(by).Trim(), parsed.GetRequiredValue(reason).Trim());
            var wanted = new Suspension(kind, name, gateway.Clock.GetUtcNow(), parsed.GetValue(until), who, why);
            if (!await access.ChangeAsync(content => RegisterEdit.Suspend(content, wanted), cancelled)) return ExitCode.Failed;
            await output.WriteLineAsync($"{Suspension.Word(kind)} {name} is suspended, on every instance of {access.Gateway} within five seconds. "
                + (wanted.Until is { } end ? $"It may pass again from {RegisterEdit.Text(end)} on."
                    : $"gatehouse resume {Suspension.Word(kind)} {name} ends it."));
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Resume(GatewayOptions gateway)
    {
        var (what, declaration, environment) = (new Suspendable(), SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var (reason, by) = (ActOptions.Reason(), ActOptions.By());
        var command = new Command("resume", "Lets a consumer, a route or a credential that was suspended pass again, as the declaration says.")
        {
            what.Kind, what.Name, reason, by, declaration, environment,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            await using var access = RegisterAccess.Open(gateway, parsed.GetRequiredValue(declaration), parsed.GetValue(environment), error);
            if (access is null) return ExitCode.Failed;
            var (kind, name) = what.Of(parsed);
            var resumed = new Ending(gateway.Clock.GetUtcNow(), parsed.GetRequiredValue(by).Trim(), parsed.GetRequiredValue(reason).Trim());
            if (!await access.ChangeAsync(content => RegisterEdit.Resume(content, kind, name, resumed), cancelled)) return ExitCode.Failed;
            await output.WriteLineAsync($"{Suspension.Word(kind)} {name} may pass again, on every instance of {access.Gateway} within five seconds.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Suspended(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var (output, all) = (SharedOptions.Output([.. Listing.Forms]), new Option<bool>("--all") { Description = "What is over too." });
        var command = new Command("suspended", "Lists what is suspended: what, since when, until when, by whom, and why.") { declaration, environment, all, output };
        command.SetAction(async (parsed, cancelled) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            await using var access = RegisterAccess.Open(gateway, parsed.GetRequiredValue(declaration), parsed.GetValue(environment), error);
            if (access is null || await access.ReadAsync(cancelled) is not { } content) return ExitCode.Failed;
            var now = gateway.Clock.GetUtcNow();
            var shown = content.Suspensions.Where(s => parsed.GetValue(all) || s.IsInForceAt(now)).OrderBy(s => s.Since);
            new Listing(["kind", "name", "since", "until", "by", "reason", "state"], [.. shown.Select(s => RowOf(s, now))])
                .Write(parsed.GetRequiredValue(output), parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private static Listing.Row RowOf(Suspension suspension, DateTimeOffset now) => new(
        Suspension.Word(suspension.Kind), suspension.Name, RegisterEdit.Text(suspension.Since),
        suspension.Until is { } end ? RegisterEdit.Text(end) : null, suspension.By, suspension.Reason,
        suspension.IsInForceAt(now) ? "suspended" : suspension.Resumed is { } by ? $"resumed by {by.By}: {by.Reason}" : "over");

    /// <summary>Whether the declaration has it; of credentials it need not have every one.</summary>
    private static bool Exists(SuspendedKind kind, string name, RegisterAccess access, TextWriter error)
    {
        if (kind == SuspendedKind.Consumer) return access.FindConsumer(name) is not null;
        if (kind == SuspendedKind.Credential || access.Definition.Routes.Any(r => r.Id.Value == name)) return true;
        error.WriteLine($"The declaration has no route '{Show.Bounded(name)}'. {Nearest.Hint(name, access.Definition.Routes.Select(r => r.Id.Value))}".TrimEnd());
        return false;
    }

    /// <summary>What a command is about: its kind and its name.</summary>
    private sealed class Suspendable
    {
        public Suspendable()
        {
            Kind.AcceptOnlyFromAmong(Enum.GetValues<SuspendedKind>().Select(Suspension.Word).ToArray());
            Name.Validators.Add(result =>
            {
                if (result.Tokens is [var name] && !IsName(name.Value))
                    result.AddError($"'{Show.Bounded(name.Value)}' names nothing: letters, digits and . _ - / : ~ only, and of several credentials one.");
            });
        }

        public Argument<string> Kind { get; } = new("KIND") { Description = "consumer, route or credential." };

        public Argument<string> Name { get; } = new("NAME")
        {
            Description = "A consumer's name, a route's as in orders/get-order, or a credential's id as the access log has it.",
        };

        public (SuspendedKind Kind, string Name) Of(ParseResult parsed) =>
            (Suspension.KindOf(parsed.GetRequiredValue(Kind))!.Value, parsed.GetRequiredValue(Name));

        private static bool IsName(string text) =>
            text.Length is > 0 and <= LongestName && text.All(c => char.IsAsciiLetterOrDigit(c) || "._-/:~".Contains(c, StringComparison.Ordinal));
    }
}
