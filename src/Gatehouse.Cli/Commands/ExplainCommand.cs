using System.CommandLine;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse explain</c>: what became of a request, by its id, as the running gateway remembers it.</summary>
internal static class ExplainCommand
{
    private const int LongestAnswer = 65_536;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    public static Command Create(GatewayOptions gateway)
    {
        var (declaration, environment) = (SharedOptions.Declaration(gateway.DeclarationPath), SharedOptions.Environment());
        var (request, admin, output) = (Request(), Admin(), SharedOptions.Output("text", "json"));
        var command = new Command(
            "explain",
            "Says what became of a request that a running gateway remembers: route, decisions, limit, destination, times.")
        {
            request, admin, declaration, environment, output,
        };
        command.SetAction(async (parsed, cancelled) =>
        {
            var (result, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var at = parsed.GetValue(admin) ?? Declared(parsed.GetRequiredValue(declaration), parsed.GetValue(environment), gateway, error);
            if (at is null) return ExitCode.Failed;
            var id = parsed.GetRequiredValue(request).ToUpperInvariant();
            if (await AskAsync(at, id, error, cancelled) is not { } answer) return ExitCode.Failed;
            if (parsed.GetRequiredValue(output) == "json") Listing.WriteJson(answer, result);
            else Print(id, answer, result);
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> Request()
    {
        var option = new Option<string>("--request")
        {
            Description = "The id, as in X-Request-Id, in a problem or in the access log.",
            HelpName = "ID",
            Required = true,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var id, ..] && !RequestIdText.TryRead(id.Value.ToUpperInvariant(), out _))
                result.AddError($"'{Show.Bounded(id.Value)}' is no id of a request: 26 digits and capitals, such as 01K8Z3V6T4Q0M2N5R7S9W1X3Y5.");
        });
        return option;
    }

    private static Option<Uri?> Admin() => new("--admin")
    {
        Description = "The administration listener of the gateway to ask; the declaration's unless given.",
        HelpName = "URL",
        CustomParser = result =>
        {
            var written = result.Tokens[0].Value;
            if (Uri.TryCreate(written, UriKind.Absolute, out var url)
                && url is { Scheme: "http" or "https", UserInfo: "", PathAndQuery: "/" }) return url;
            result.AddError($"'{Show.Bounded(written)}' is no address such as http://127.0.0.1:9900.");
            return null;
        },
    };

    private static Uri? Declared(string file, string? environment, GatewayOptions gateway, TextWriter error)
    {
        const string So = "it does not say whom to ask; --admin URL does";
        if (ServableDeclaration.Read(file, environment, gateway, So, error) is not { } definition) return null;
        var declared = definition.Administration.Address;
        var address = declared.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : declared.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : declared.Address;
        return new Uri($"http://{new IPEndPoint(address, declared.Port)}");
    }

    /// <summary>The exchange, or null; then it has been said why there is none.</summary>
    private static async Task<JsonObject?> AskAsync(Uri at, string id, TextWriter error, CancellationToken cancelled)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
        using var client = new HttpClient(handler) { Timeout = LongestWait, MaxResponseContentBufferSize = LongestAnswer };
        try
        {
            using var response = await client.GetAsync(new Uri(at, "/explain/" + id), cancelled);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancelled)) as JsonObject;
            if (response.StatusCode == HttpStatusCode.OK && answer is not null) return answer;
            await error.WriteLineAsync(response.StatusCode == HttpStatusCode.NotFound && answer?["longestSeconds"] is not null
                ? Unknown(id, answer) : $"{at} answered {(int)response.StatusCode}: it is no administration listener of a gateway that explains requests.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException
            || (e is TaskCanceledException && !cancelled.IsCancellationRequested))
        {
            await error.WriteLineAsync($"{at} cannot be asked ({e.GetType().Name}); is the gateway running, and is that its administration listener?");
        }

        return null;
    }

    private static string Unknown(string id, JsonObject answer)
    {
        static string Since(JsonNode? at) => at is null ? "none" : $"back to {Visible.Of(at.ToString())}";
        var longest = Visible.Of(answer["longestSeconds"]!.ToString());
        return $"This instance does not remember {id}. "
            + $"Of refusals and errors it remembers {Since(answer["refusalsSince"])}, of other exchanges "
            + $"{Since(answer["othersSince"])}, and nothing for longer than {longest} s or from before its start. "
            + "The access log has more.";
    }

    private static void Print(string id, JsonObject answer, TextWriter output)
    {
        Line(output, "request", id);
        foreach (var (name, value) in answer)
        {
            if (value is JsonArray decisions)
                foreach (var decision in decisions) Line(output, "decision", $"{decision?["policy"]}: {decision?["verdict"]}");
            else if (value is JsonObject limit)
                Line(output, name, $"{limit["name"]}: {limit["remaining"]} left, whole or next in {limit["resetSeconds"]} s");
            else Line(output, name, value?.ToString() ?? "");
        }
    }

    private static void Line(TextWriter output, string name, string value) => output.WriteLine(Visible.Of($"{name,-18}{value}"));
}
