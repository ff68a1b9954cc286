using System.Net;
using System.Net.Http;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Limits;

/// <summary>The built executable with a quota, stopped in order and killed.</summary>
public sealed class QuotasOverRestartsTests : IAsyncLifetime
{
    private const int Allow = 1000;
    private const int Ahead = Allow / 100;

    private readonly TestFolder _folder = new();
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Control("RTE-6")]
    public async Task Allows_exactly_its_number_over_a_stop_in_order()
    {
        Assert.Equal((300, 0), await ServeAsync(calls: 300, signal: "TERM"));
        Assert.Equal((Allow - 300, 50), await ServeAsync(calls: Allow - 300 + 50, signal: "TERM"));
        Assert.Equal((0, 3), await ServeAsync(calls: 3, signal: "TERM"));
        Assert.Equal(Allow, _upstream.Requests.Count);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Of("data.db")));
    }

    [Fact]
    [Control("RTE-6")]
    public async Task Loses_a_hundredth_at_most_and_gains_nothing_each_time_it_is_killed()
    {
        const int kills = 3;
        for (var i = 0; i < kills; i++) Assert.Equal((100 + i, 0), await ServeAsync(calls: 100 + i, signal: "KILL"));
        var (allowed, refused) = await ServeAsync(calls: Allow, signal: "TERM");
        Assert.InRange(_upstream.Requests.Count, Allow - (kills * Ahead), Allow);
        Assert.Equal(Allow, allowed + refused);
        Assert.NotEqual(0, refused);
    }

    private async Task<(int Allowed, int Refused)> ServeAsync(int calls, string signal)
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(_edge, _administration, _upstream.Address.GetLeftPart(UriPartial.Authority))
            .Replace("drain:", "stores: { sqlite: data.db }\ndrain:", StringComparison.Ordinal)
            .Replace("limits: [ { per: address, allow: 1000, every: 1m } ]",
                $"limits: [ {{ per: address, allow: 1000000, every: 1s }} ]\n        quotas: [ {{ per: address, allow: {Allow}, every: month }} ]",
                StringComparison.Ordinal));
        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("administration on", Cancel);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{_edge}") };
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            var (allowed, refused) = (0, 0);
            for (var i = n; i < calls; i += 8)
            {
                using var response = await client.GetAsync("/stock/1", Cancel);
                if (response.StatusCode == HttpStatusCode.OK) allowed++;
                else if (response.StatusCode == HttpStatusCode.TooManyRequests) refused++;
                else Assert.Fail($"{response.StatusCode}: {gatehouse.Error}");
            }

            return (allowed, refused);
        }));
        await gatehouse.SignalAsync(signal, Cancel);
        await gatehouse.FinishAsync(Cancel);
        return (answers.Sum(a => a.allowed), answers.Sum(a => a.refused));
    }
}
