using System.Globalization;
using System.Net;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Overload;

/// <summary>One consumer of the executable calls as fast as it can; the other calls as it may.</summary>
public sealed class NoisyNeighbourTests : IDisposable
{
    private const int Loops = 8;
    private const int QuietCalls = 100;
    private readonly TestFolder _folder = new();
    private readonly int _edge = Declarations.FreePort();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Control("RTE-8")]
    public async Task A_noisy_consumer_takes_nothing_from_another()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await GatehouseProcess.RunAsync(_folder.Path, Cancel, "key", "init", "test.pepper");
        var text = await File.ReadAllTextAsync(_folder.Of("test.pepper"), Cancel);
        var pepper = new Secret("file:test.pepper", Encoding.ASCII.GetBytes(text.TrimEnd('\n')));
        var (noisy, quiet) = (ApiKeyText.Create(), ApiKeyText.Create());
        _folder.Write("gatehouse.yaml", Declaration(upstream.Address, pepper, noisy, quiet));
        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        using var done = new CancellationTokenSource();
        var noise = Enumerable.Range(0, Loops).Select(_ => CallUntilAsync(client, noisy, done.Token)).ToArray();
        var good = 0;
        using (var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(30)))
        {
            for (var i = 0; i < QuietCalls && await pace.WaitForNextTickAsync(Cancel); i++)
                if (await CallAsync(client, quiet) == HttpStatusCode.OK) good++;
        }

        await done.CancelAsync();
        var made = (await Task.WhenAll(noise)).SelectMany(s => s).ToList();
        var said = string.Create(CultureInfo.InvariantCulture,
            $"quiet: {good} of {QuietCalls}; noisy: {made.Count(s => s == HttpStatusCode.OK)} of {made.Count}");
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        Assert.True(good > 0.99 * QuietCalls, said);
        Assert.True(made.Count > 5 * QuietCalls && made.Count(s => s == HttpStatusCode.TooManyRequests) > made.Count / 2, said);
    }

    private async Task<List<HttpStatusCode>> CallUntilAsync(HttpClient client, NewApiKey key, CancellationToken done)
    {
        var made = new List<HttpStatusCode>();
        while (!done.IsCancellationRequested) made.Add(await CallAsync(client, key));
        return made;
    }

    private async Task<HttpStatusCode> CallAsync(HttpClient client, NewApiKey key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{_edge}/stock/1");
        request.Headers.Add("X-Api-Key", key.Key);
        using var response = await client.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private string Declaration(Uri destination, Secret pepper, NewApiKey noisy, NewApiKey quiet) =>
        Declarations.Stock(_edge, Declarations.FreePort(), destination.GetLeftPart(UriPartial.Authority))
            .Replace("access: { anonymous: \"A test\" }", "access: { consumers: [noisy, quiet], scopes: [stock.read] }", StringComparison.Ordinal)
            .Replace("{ per: address, allow: 1000, every: 1m }", "{ per: consumer, allow: 60, every: 1s }", StringComparison.Ordinal)
        + $$"""
        keys: { pepper: "file:test.pepper" }
        consumers:
          noisy: { kind: service, owner: a@example.test, grants: [stock.read], authenticate: [ { apiKey: {{Credential(noisy, pepper)}} } ] }
          quiet: { kind: service, owner: b@example.test, grants: [stock.read], authenticate: [ { apiKey: {{Credential(quiet, pepper)}} } ] }

        """;

    private static string Credential(NewApiKey key, Secret pepper) =>
        $$"""{ id: {{key.Id}}, hash: "{{ApiKeyHash.Write(pepper, key)}}", expires: 2099-01-01 }""";
}
