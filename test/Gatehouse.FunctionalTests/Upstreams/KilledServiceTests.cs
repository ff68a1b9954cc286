using System.Globalization;
using System.Net;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Upstreams;

/// <summary>
/// The built executable in front of services that are processes of their own, which are killed and stopped. The services are gateways too: what
/// answers is their /livez.
/// </summary>
public sealed class KilledServiceTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Control("RES-5")]
    [Fact]
    public async Task A_service_that_is_killed_costs_no_call()
    {
        await using var one = await ServiceAsync("one");
        await using var other = await ServiceAsync("other");
        await using var gateway = await FrontAsync([one.Port, other.Port], "ejection: { after: 2, for: 1m }");
        await CallAsync(20, HttpStatusCode.OK);

        await one.Process.SignalAsync("KILL", Cancel);
        await one.Process.FinishAsync(Cancel);

        await CallAsync(60, HttpStatusCode.OK);
        await gateway.LineAsync($"http://127.0.0.1:{one.Port} is left out", Cancel);
    }

    [Control("RES-5")]
    [Fact]
    public async Task A_service_that_stands_still_is_taken_out_and_comes_back_when_it_goes_on()
    {
        await using var one = await ServiceAsync("one");
        await using var other = await ServiceAsync("other");
        await using var gateway = await FrontAsync(
            [one.Port, other.Port], "health: { path: /livez, interval: 500ms, unhealthy: 2 }, slowReturn: 0s");
        await CallAsync(20, HttpStatusCode.OK);

        await one.Process.SignalAsync("STOP", Cancel);
        try
        {
            await gateway.LineAsync($"http://127.0.0.1:{one.Port} is down", Cancel);
            await CallAsync(40, HttpStatusCode.OK);
        }
        finally
        {
            await one.Process.SignalAsync("CONT", Cancel);
        }

        await gateway.LineAsync($"http://127.0.0.1:{one.Port} is up again", Cancel);
        await CallAsync(20, HttpStatusCode.OK);
    }

    [Control("RES-2")]
    [Fact]
    public async Task When_all_services_are_killed_calls_are_soon_answered_without_trying()
    {
        await using var one = await ServiceAsync("one");
        await using var gateway = await FrontAsync([one.Port], "breaker: { volume: 5, pause: 1m }");
        await CallAsync(1, HttpStatusCode.OK);

        await one.Process.SignalAsync("KILL", Cancel);
        await one.Process.FinishAsync(Cancel);

        var tried = 0;
        while (await StatusAsync() == HttpStatusCode.BadGateway) tried++;
        Assert.InRange(tried, 4, 5); // the good one counts too, unless the machine is so slow that it is forgotten
        await gateway.LineAsync("its circuit is open", Cancel);
        await CallAsync(20, HttpStatusCode.ServiceUnavailable);
    }

    private async Task CallAsync(int times, HttpStatusCode expected)
    {
        for (var i = 0; i < times; i++) Assert.Equal(expected, await StatusAsync());
    }

    private async Task<HttpStatusCode> StatusAsync()
    {
        using var response = await _client.GetAsync($"http://localhost:{_edge}/livez", Cancel).WaitAsync(Patience.Limit, Cancel);
        return response.StatusCode;
    }

    private async Task<GatehouseProcess> FrontAsync(IReadOnlyList<int> ports, string upstream)
    {
        var destinations = string.Join(", ", ports.Select(p => string.Create(CultureInfo.InvariantCulture, $"\"http://127.0.0.1:{p}\"")));
        _folder.Write("gatehouse.yaml", Declarations.Stock(_edge, _administration, "http://127.0.0.1:1")
            .Replace("""["http://127.0.0.1:1"] }""", $"[{destinations}], balance: round-robin, {upstream} }}", StringComparison.Ordinal)
            .Replace("GET /stock/{article}", "GET /livez", StringComparison.Ordinal));
        var gateway = GatehouseProcess.Start(_folder.Path, "run");
        await gateway.LineAsync("is in force", Cancel);
        return gateway;
    }

    private async Task<Service> ServiceAsync(string name)
    {
        var folder = Directory.CreateDirectory(_folder.Of(name)).FullName;
        var port = Declarations.FreePort();
        await File.WriteAllTextAsync(
            Path.Combine(folder, "gatehouse.yaml"), Declarations.Stock(Declarations.FreePort(), port, "http://127.0.0.1:1"), Cancel);
        var process = GatehouseProcess.Start(folder, "run");
        await process.LineAsync("is in force", Cancel);
        return new Service(process, port);
    }

    private sealed record Service(GatehouseProcess Process, int Port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
