using System.CommandLine;
using System.Net;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary><c>gatehouse demo token</c>: a token from the issuer of the demo that is running.</summary>
internal static class DemoTokenCommand
{
    private const int LongestAnswer = 16 * 1024;
    private static readonly Uri Usual = new($"http://127.0.0.1:{DemoDoors.FriendlyIssuer}");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var client = new Option<string>("--client")
        {
            Description = $"The program that calls: {string.Join(", ", DemoClient.All.Select(c => c.Name))}.",
            HelpName = "NAME",
            Required = true,
        };
        var person = new Option<string?>("--person")
        {
            Description = "Whom it speaks for: customer-17, or of the staff anna, paula or ben. Without it the client speaks for itself.",
            HelpName = "NAME",
        };
        var issuer = Issuer();
        var command = new Command("token", "Prints a token of the issuer of the demo that is running, good for half an hour and for that demo.")
        {
            client, person, issuer,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var (address, name, speaksFor) = (parsed.GetValue(issuer)!, parsed.GetValue(client)!, parsed.GetValue(person));
            if (DemoNames.WrongIn(name, speaksFor) is { } wrong)
            {
                await error.WriteLineAsync(wrong);
                return ExitCode.WrongUse;
            }

            var token = await AskAsync(address, name, speaksFor, cancelled);
            await (token is null ? error : output).WriteLineAsync(token ?? NoDemo(address));
            return token is null ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static Option<Uri> Issuer() => new("--issuer")
    {
        Description = "Where the demo's issuer listens, as the demo prints it.",
        HelpName = "URL",
        DefaultValueFactory = _ => Usual,
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            if (Uri.TryCreate(written, UriKind.Absolute, out var address) && address is { Scheme: "http", IsLoopback: true }) return address;
            result.AddError($"'{Show.Bounded(written)}' is not where a demo could be: an address such as {Usual.GetLeftPart(UriPartial.Authority)}.");
            return null;
        },
    };

    /// <summary>The token; null when nothing of a demo answers there.</summary>
    private static async Task<string?> AskAsync(Uri issuer, string client, string? person, CancellationToken cancelled)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        List<KeyValuePair<string, string>> form = [new("client_id", client)];
        if (person is not null) form.Add(new("person", person));
        try
        {
            using var answer = await http.PostAsync(new Uri(issuer, "/token"), new FormUrlEncodedContent(form), cancelled);
            if (answer.StatusCode != HttpStatusCode.OK) return null;
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancelled));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("access_token", out var token)
                && token.ValueKind == JsonValueKind.String && IsToken(token.GetString()!) ? token.GetString() : null;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancelled.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string NoDemo(Uri issuer) =>
        $"No demo answers at {issuer.GetLeftPart(UriPartial.Authority)}: start one with 'gatehouse demo', "
        + "or pass --issuer where it printed another address.";

    /// <summary>What is printed goes into a shell: nothing else than the characters of a token (RFC 7519), whoever answered.</summary>
    private static bool IsToken(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
