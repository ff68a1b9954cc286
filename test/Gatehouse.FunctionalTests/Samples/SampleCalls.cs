using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>The folders of <c>samples/</c>, and the calls of their <c>requests.http</c>.</summary>
internal static class SampleCalls
{
    public static string Folder(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../samples", name));

    /// <summary>Makes the calls of a sample, for port 8080 at another, and compares each answer with what the file expects.</summary>
    public static async Task ReplayAsync(string folder, int port, CancellationToken cancel)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var calls = Calls(await File.ReadAllLinesAsync(Path.Combine(folder, "requests.http"), cancel)).ToList();
        Assert.NotEmpty(calls);
        foreach (var call in calls)
        {
            var url = call.Url.Replace(":8080", $":{port}", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(
                new HttpMethod(call.Method),
                new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            using var response = await client.SendAsync(request, cancel);
            Assert.Equal(call.Expected, await DescribeAsync(response, cancel));
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

    private static async Task<string> DescribeAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json") return status;
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancel));
        return $"{status} {problem.RootElement.GetProperty("type").GetString()!.Split(':')[^1]}";
    }
}
