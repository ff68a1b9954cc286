using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>The first sample: its declaration is sound, and its calls are answered as they say.</summary>
public sealed class FirstRouteTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_declaration_has_no_findings()
    {
        var check = await GatehouseProcess.RunAsync(Sample(), Cancelled, "check", "--output", "json");

        Assert.Equal("[]", check.Output.Trim());
        Assert.Equal(0, check.ExitCode);
    }

    [Fact]
    public async Task The_calls_are_answered_as_they_say()
    {
        await using var stock = await RetailerService.StartStockAsync("stock", Cancelled);
        var (edge, administration) = (Declarations.FreePort(), Declarations.FreePort());
        _folder.Write("gatehouse.yaml", (await File.ReadAllTextAsync(Path.Combine(Sample(), "gatehouse.yaml"), Cancelled))
            .Replace(":8080", $":{edge}", StringComparison.Ordinal)
            .Replace(":9900", $":{administration}", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:5101", stock.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancelled);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        var calls = Calls(await File.ReadAllLinesAsync(Path.Combine(Sample(), "requests.http"), Cancelled)).ToList();

        Assert.NotEmpty(calls);
        foreach (var call in calls)
        {
            var url = call.Url.Replace(":8080", $":{edge}", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(new HttpMethod(call.Method), new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            using var response = await client.SendAsync(request, Cancelled);
            Assert.Equal(call.Expected, await DescribeAsync(response));
        }
    }

    /// <summary>The calls of a file: <c># expect STATUS [PROBLEM]</c>, then method and address.</summary>
    private static IEnumerable<(string Method, string Url, string Expected)> Calls(IEnumerable<string> lines)
    {
        var expected = "";
        foreach (var line in lines)
        {
            if (line.StartsWith("# expect ", StringComparison.Ordinal)) expected = line["# expect ".Length..];
            else if (line.Length > 0 && line[0] != '#') yield return (line.Split(' ')[0], line.Split(' ')[1], expected);
        }
    }

    private static async Task<string> DescribeAsync(HttpResponseMessage response)
    {
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json") return status;
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        return $"{status} {problem.RootElement.GetProperty("type").GetString()!.Split(':')[^1]}";
    }

    private static string Sample([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../samples/first-route"));
}
