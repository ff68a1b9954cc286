using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Cli.Commands.Keys;

/// <summary><c>gatehouse key create</c>: makes a key, shows it once, and prints the credential that the declaration keeps.</summary>
internal static class KeyCreateCommand
{
    private const int LongestLifeInYears = 1;

    public static Command Create(TimeProvider clock)
    {
        var declaration = SharedOptions.Declaration();
        var output = SharedOptions.Output("text", "json");
        var consumer = new Option<string>("--consumer")
        {
            Description = "The consumer of the declaration that will hold the key.",
            HelpName = "NAME",
            Required = true,
        };
        var expires = SharedOptions.Day("--expires",
            "The first day (UTC) on which the key is no longer accepted; a year from now unless given, which is also the longest.", day =>
        {
            var today = Today(clock);
            return day > today && day <= today.AddYears(LongestLifeInYears) ? null
                : $"A key expires after today and within a year: by {Write(today.AddYears(LongestLifeInYears))}.";
        });
        var command =
            new Command("create", "Makes a key for a consumer. Of the declaration it needs the pepper and the consumer's name, nothing else.")
            {
                consumer,
                declaration,
                expires,
                output,
            };
        command.SetAction(parsed =>
        {
            var (file, error) = (parsed.GetRequiredValue(declaration), parsed.InvocationConfiguration.Error);
            if (KeyDeclaration.Read(file, error) is not { } read) return ExitCode.Failed;
            var wanted = parsed.GetRequiredValue(consumer);
            if (read.Consumers.FirstOrDefault(c => c.Name == wanted) is not { } holder)
            {
                error.WriteLine($"{file} declares no consumer '{Show.Bounded(wanted)}'; {Nearest.Hint(wanted, read.Consumers.Select(c => c.Name)) ?? "declare it first."}");
                return ExitCode.Failed;
            }

            if (read.ResolvePepper(file, clock.GetUtcNow(), error) is not { } pepper) return ExitCode.Failed;
            var day = parsed.GetValue(expires) ?? Today(clock).AddYears(LongestLifeInYears);
            var key = ApiKeyText.Create();
            Print(parsed.GetRequiredValue(output), key, ApiKeyHash.Write(pepper, key), Write(day), holder, parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
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

        output.WriteLine(
            $$"""
            The key of {{holder.Name}}. It is shown this once and is stored nowhere:

              {{key.Key}}

            Callers send it as X-Api-Key. Add to 'authenticate' of {{holder.Name}} at {{holder.Place}}:

              - apiKey: { id: {{key.Id}}, hash: "{{hash}}", expires: {{expires}} }
            """);
    }

    private static DateOnly Today(TimeProvider clock) => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);

    private static string Write(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
