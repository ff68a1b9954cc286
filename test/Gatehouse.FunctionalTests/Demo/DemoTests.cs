using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Demo;

public sealed class DemoTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_answer_of_the_demo_is_as_its_calls_say()
    {
        var demo = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "demo", "--check");

        Assert.DoesNotContain("✗", demo.Output, StringComparison.Ordinal);
        Assert.Contains("every answer as expected", demo.Output, StringComparison.Ordinal);
        Assert.Contains("The logs say who refused what and why", demo.Output, StringComparison.Ordinal);
        Assert.Equal(0, demo.ExitCode);
    }

    [Fact]
    public async Task The_demo_prints_calls_to_copy_and_stops_when_asked()
    {
        await using var demo = GatehouseProcess.Start(_folder.Path, "demo");
        await demo.LineAsync("Ctrl-C", Cancelled);

        await demo.SignalAsync("INT", Cancelled);
        var finished = await demo.FinishAsync(Cancelled);

        Assert.Contains("curl -sSi ", finished.Output, StringComparison.Ordinal);
        Assert.Contains("demo token --client web-shop --person customer-17", finished.Output, StringComparison.Ordinal);
        Assert.Equal(0, finished.ExitCode);
    }

    [Fact]
    public async Task A_token_of_the_running_demo_opens_what_its_client_and_person_may_see()
    {
        await using var demo = GatehouseProcess.Start(_folder.Path, "demo");
        var edge = new Uri(After("edge", await demo.LineAsync("  edge ", Cancelled)));
        var issuer = After("issuer", await demo.LineAsync("  issuer ", Cancelled));
        var declaration = After("declaration", await demo.LineAsync("  declaration ", Cancelled));

        var customer = await TokenAsync(issuer, "web-shop", "customer-17");
        var care = await TokenAsync(issuer, "contact-centre", "anna");
        var warehouse = await TokenAsync(issuer, "contact-centre", "ben");
        var check = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "check", "-c", declaration, "--output", "json");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(new Uri(edge, "/orders/17"), customer));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(new Uri(edge, "/orders/18"), customer));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(new Uri(edge, "/orders/18"), care));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(new Uri(edge, "/orders/18"), warehouse));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(new Uri(edge, "/orders/17"), customer[..^2]));
        Assert.Equal(0, check.ExitCode);
        Assert.Equal(["GH1012"], RuleIds(check.Output)); // of the route that shows what becomes of one that has ended
    }

    /// <summary>What the demo prints after a name, without the words that explain it.</summary>
    private static string After(string name, string line) =>
        line[(line.IndexOf(name, StringComparison.Ordinal) + name.Length)..].Trim().Split("   ")[0];

    private static IEnumerable<string> RuleIds(string findings)
    {
        using var json = JsonDocument.Parse(findings);
        return [.. json.RootElement.EnumerateArray().Select(f => f.GetProperty("rule").GetString()!)];
    }

    private async Task<string> TokenAsync(string issuer, string client, string person)
    {
        var token = await GatehouseProcess.RunAsync(
            _folder.Path, Cancelled, "demo", "token", "--client", client, "--person", person, "--issuer", issuer);
        Assert.Equal((0, ""), (token.ExitCode, token.Error));
        return token.Output.Trim();
    }

    private static async Task<HttpStatusCode> AskAsync(Uri url, string token)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return (await client.SendAsync(request, Cancelled)).StatusCode;
    }
}
