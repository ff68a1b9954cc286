using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The built executable before a service that answers whatever is asked, with a folder and ports of its own for each test.</summary>
public abstract class StockProgramTests : IAsyncLifetime
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();

    private protected TestFolder Folder { get; } = new();

    private protected FakeUpstream Upstream { get; private set; } = null!;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected string Declaration => Declarations.Stock(_edge, _administration, Upstream.Address.GetLeftPart(UriPartial.Authority));

    public virtual async ValueTask InitializeAsync() => Upstream = await FakeUpstream.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Upstream.DisposeAsync();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<HttpStatusCode> GetAsync(string article = "tea")
    {
        using var response = await _client.GetAsync($"http://127.0.0.1:{_edge}/stock/{article}", Cancel);
        return response.StatusCode;
    }

    private protected Task<string> MetricsAsync() => _client.GetStringAsync($"http://127.0.0.1:{_administration}/metrics", Cancel);
}
