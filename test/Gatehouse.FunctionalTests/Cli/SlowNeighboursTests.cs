using System.Net;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>
/// The executable handles what a socket has received on the thread that noticed it: whatever waits there would stall everybody. So it is given one
/// processor and neighbours that are slow in every way, and has to answer the others.
/// </summary>
public sealed class SlowNeighboursTests : IDisposable
{
    private const int OfEachKind = 60;
    private const int Quick = 400;
    private readonly TestFolder _folder = new();
    private readonly int _edge = Declarations.FreePort();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Control("RES-4")]
    public async Task No_slow_exchange_stalls_another()
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/stock/silent", static http => Task.Delay(Timeout.Infinite, http.RequestAborted))
            .On("/stock/large", WriteMuchAsync);
        _folder.Write("gatehouse.yaml", Declarations.Stock(_edge, Declarations.FreePort(), upstream.Address.GetLeftPart(UriPartial.Authority))
            .Replace("allow: 1000, every: 1m", "allow: 100000, every: 1s", StringComparison.Ordinal));
        await using var gatehouse = GatehouseProcess.StartWith([("DOTNET_PROCESSOR_COUNT", "1")], _folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);

        var slow = new List<RawHttpClient>();
        for (var i = 0; i < OfEachKind; i++)
        {
            slow.Add(await SendAsync("GET /stock/half-a-head HTTP/1.1\r\nHost: local"));
            slow.Add(await SendAsync("GET /stock/half-a-body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"));
            slow.Add(await SendAsync("GET /stock/silent HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            slow.Add(await SendAsync("GET /stock/large HTTP/1.1\r\nHost: localhost\r\n\r\n")); // and never reads
        }

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        for (var i = 0; i < Quick; i++)
        {
            using var answer = await client.GetAsync($"http://localhost:{_edge}/stock/quick", Cancel).WaitAsync(TimeSpan.FromSeconds(10), Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(OfEachKind, upstream.Requests.Count(r => r.Target == "/stock/silent" && !r.Aborted.IsCancellationRequested)); // they wait still
        Assert.Equal(OfEachKind, upstream.Requests.Count(r => r.Target == "/stock/large" && !r.Aborted.IsCancellationRequested));
        foreach (var waiting in slow) await waiting.DisposeAsync();
    }

    /// <summary>More than all buffers between the service and a client hold.</summary>
    private static async Task WriteMuchAsync(HttpContext http)
    {
        var block = new byte[64 * 1024];
        for (var i = 0; i < 400; i++) await http.Response.Body.WriteAsync(block, http.RequestAborted);
    }

    private async Task<RawHttpClient> SendAsync(string bytes)
    {
        var client = await RawHttpClient.ConnectAsync(_edge);
        await client.SendAsync(bytes);
        return client;
    }
}
