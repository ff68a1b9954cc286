using System.Diagnostics;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>The same with another server of the same protocol.</summary>
public sealed class GarnetTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_together_in_any_server_of_the_protocol()
    {
        await using var garnet = await RedisServer.StartGarnetAsync(Cancel);
        const string Limits = "[ { per: all, allow: 60, every: 1h, shared: exact }, { per: route, allow: 10000, every: 1h } ]";
        await using var instances = await Instances.StartAsync(2, Limits, garnet.Address, Cancel);
        var since = Stopwatch.GetTimestamp();
        Assert.InRange(await instances.PassAsync(60, Cancel), 60, 60 + (int)(Stopwatch.GetElapsedTime(since) / TimeSpan.FromMinutes(1)));
        for (var i = 0; i < 2; i++) Assert.Equal(0, await instances.MetricAsync(i, "gatehouse_limits_alone_total", "", Cancel));
        await garnet.KillAsync();
        await instances.PassAsync(10, Cancel);
        await garnet.StartAgainAsync(Cancel);
        await instances.FindTheStoreAsync(Cancel);
        await Eventually.HoldsAsync(async () => await instances.PassAsync(1, Cancel) == 0, Cancel); // what was used is remembered
    }
}
