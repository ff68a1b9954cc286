using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Cli.Commands.Register;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key create</c>: makes a key, shows it once, and prints the credential that the declaration keeps, or
/// keeps it in the register.</summary>
internal static class KeyCreateCommand
{
    private const int LongestLifeInYears = 1;

    public static Command Create(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var output = SharedOptions.Output("text", "json");
        var consumer = new Option<string>("--consumer")
        {
            Description = "The consumer of the declaration that will hold the key.",
            HelpName = "NAME",
            Required = true,
        };
        var expires = Expires(gateway.Clock);
        var store = new Option<bool>("--store") { Description = "Keep the key in the declaration's register: it is good within five seconds, without a change of the declaration." };
        var (reason, by) = (ActOptions.Reason("issued"), ActOptions.By());
        var command = new Command("create", "Makes a key for a consumer. Without --store, of the declaration it needs the pepper and the consumer's name, nothing else.")
        {
            consumer, declaration, environment, expires, store, reason, by, output,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (file, form, day) = (parsed.GetRequiredValue(declaration), parsed.GetRequiredValue(output), DayOf(parsed, expires, gateway.Clock));
            if (!parsed.GetValue(store))
                return CreateDeclared(file, parsed.GetRequiredValue(consumer), day, form, gateway.Clock, parsed.InvocationConfiguration);
            return await new StoredKeys(gateway, file, parsed.GetValue(environment), parsed.InvocationConfiguration).CreateAsync(
                parsed.GetRequiredValue(consumer), day, parsed.GetRequiredValue(by).Trim(), parsed.GetRequiredValue(reason).Trim(), form, cancelled);
        });
        return command;
    }

    public static Option<DateOnly?> Expires(TimeProvider clock) => SharedOptions.Day("--expires",
        "The first day (UTC) on which the key is no longer accepted; a year from now unless given, which is also the longest.", day =>
        {
            var today = Today(clock);
            return day > today && day <= today.AddYears(LongestLifeInYears) ? null
                : $"A key expires after today and within a year: by {Write(today.AddYears(LongestLifeInYears))}.";
        });

    public static DateOnly DayOf(ParseResult parsed, Option<DateOnly?> expires, TimeProvider clock) =>
        parsed.GetValue(expires) ?? Today(clock).AddYears(LongestLifeInYears);

    private static int CreateDeclared(string file, string wanted, DateOnly day, string form, TimeProvider clock, InvocationConfiguration console)
    {
        if (KeyDeclaration.Read(file, console.Error) is not { } read) return ExitCode.Failed;
        if (read.Consumers.FirstOrDefault(c => c.Name == wanted) is not { } holder)
        {
            console.Error.WriteLine($"{file} declares no consumer '{Show.Bounded(wanted)}'; {Nearest.Hint(wanted, read.Consumers.Select(c => c.Name)) ?? "declare it first."}");
            return ExitCode.Failed;
        }

        if (read.ResolvePepper(file, clock.GetUtcNow(), console.Error) is not { } pepper) return ExitCode.Failed;
        var key = ApiKeyText.Create();
        Print(form, key, ApiKeyHash.Write(pepper, key), Write(day), holder, console.Output);
        return ExitCode.Done;
    }

    private static void Print(string form, NewApiKey key, string hash, string expires, DeclaredConsumer holder, TextWriter output)
    {
        if (form == "json")
        {
            Listing.WriteJson(new JsonObject
            {
                ["key"] = key.Key,
                ["credential"] = new JsonObject { ["id"] = key.Id, ["hash"] = hash, ["expires"] = expires },
            }, output);
            return;
        }

        var name = Show.Bounded(holder.Name);
        output.WriteLine(
            $$"""
            The key of {{name}}. It is shown this once and is stored nowhere:

              {{key.Key}}

            Callers send it as X-Api-Key. Add to 'authenticate' of {{name}} at {{holder.Place}}:

              - apiKey: { id: {{key.Id}}, hash: "{{hash}}", expires: {{expires}} }
            """);
    }

    private static DateOnly Today(TimeProvider clock) => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);

    private static string Write(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
