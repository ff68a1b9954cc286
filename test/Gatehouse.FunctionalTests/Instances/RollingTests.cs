using System.Diagnostics;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>Three instances under load, of which one after the other goes and comes.</summary>
public sealed class RollingTests
{
    private const int Http1 = 8;
    private const int Http2 = 4;

    [Fact]
    [Control("AVL-2")]
    public async Task Instances_that_are_restarted_one_after_the_other_lose_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        await using var cluster = await Cluster.StartAsync();
        await using var callers = new Callers(cluster, Http1, Http2);
        await callers.AreMadeAsync();
        foreach (var instance in cluster.Instances)
        {
            Assert.Equal(0, await instance.StopAsync());
            await instance.StartAsync();
            await callers.AreMadeAsync();
        }

        var calls = await callers.EndAsync();
        Assert.Empty(calls.Where(c => c.Status != 200).Select(c => $"{c.Status} {c.How}"));
        Assert.All(cluster.Instances, i => Assert.DoesNotContain("was cut", i.Said, StringComparison.Ordinal));
    }

    [Fact]
    [Control("AVL-1")]
    public async Task An_instance_that_is_killed_loses_only_what_it_had_in_flight()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        await using var cluster = await Cluster.StartAsync();
        await using var callers = new Callers(cluster, Http1, Http2);
        var kills = new List<(long From, long To)>();
        foreach (var instance in cluster.Instances)
        {
            await callers.AreMadeAsync();
            var from = Stopwatch.GetTimestamp();
            await instance.KillAsync();
            kills.Add((from, Stopwatch.GetTimestamp()));
            await callers.AreMadeAsync(); // while there are only two
            await instance.StartAsync();
        }

        var calls = await callers.EndAsync();
        var lost = calls.Where(c => c.Status != 200).ToList();
        Assert.All(lost, c => Assert.True(kills.Any(k => c.WasUnderWay(k.From, k.To)), $"{c.Status} {c.How}, when nothing was killed"));
        Assert.All(kills, k => Assert.True(lost.Count(c => c.WasUnderWay(k.From, k.To)) < Http1 + Http2, "all of them were lost"));
    }

    [Fact]
    [Control("CFG-2", "several instances")]
    public async Task Reloads_of_all_instances_lose_nothing_and_reach_everybody()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        await using var cluster = await Cluster.StartAsync();
        await using var callers = new Callers(cluster, Http1, Http2, slowly: false);
        var last = 0L;
        for (var i = 0; i < 6; i++)
        {
            await callers.AreMadeAsync();
            cluster.Revision = i % 2 == 0 ? "second" : "third";
            foreach (var instance in cluster.Instances) await instance.ReloadAsync();
            last = Stopwatch.GetTimestamp();
        }

        await callers.AreMadeAsync();
        var calls = await callers.EndAsync();
        Assert.Empty(calls.Where(c => c.Status != 200).Select(c => $"{c.Status} {c.How}"));
        Assert.Equal(["third"], calls.Where(c => c.Begin > last).Select(c => c.Revision!).Distinct());
    }
}
