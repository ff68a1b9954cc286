using System.Diagnostics;
using System.Globalization;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>
/// A storm of faults, drawn by a seed, over three instances and two destinations under load. <c>GATEHOUSE_FAULT_SECONDS</c> makes it longer,
/// <c>GATEHOUSE_FAULT_SEED</c> repeats a run: <c>./build faults [seconds] [seed]</c>.
/// </summary>
public sealed class FaultTests
{
    private const int Http1 = 8;
    private const int Http2 = 4;

    /// <summary>How long after a destination is back it may still cost an exchange its answer.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AVL-1")]
    [Control("AVL-3", "one instance, and a backend")]
    public async Task A_storm_of_faults_loses_only_what_was_in_flight()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        var (seconds, seed) = (Setting("SECONDS", 20), Setting("SEED", 20261126));
        await using var cluster = await Cluster.StartAsync();
        await using var callers = new Callers(cluster, Http1, Http2);
        await callers.AreMadeAsync();
        var storm = new Storm(cluster, seed);
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(seconds))
        {
            await storm.NextAsync(Cancel);
            await callers.AreMadeAsync(20);
        }

        var calls = await callers.EndAsync();
        var said = $"seed {seed}: {storm.Said}; {Summary(calls)}";
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        foreach (var call in calls)
        {
            if (call.Status == 200) continue;
            // whoever calls after an instance has gone is served by another, at once
            var excused = call.Status == 0
                ? storm.Kills.Any(k => call.WasUnderWay(k.From, k.To))
                : storm.Outages.Any(o => call.WasUnderWay(o.From, o.To + Ticks(Aftermath)));
            Assert.True(excused, $"{call.Status} ({call.How}) when nothing that explains it was away; {said}");
        }

        Assert.True(calls.Count(c => c.Status == 200) > calls.Count * 0.8, said);
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static string Summary(IReadOnlyList<Call> calls) =>
        string.Join(", ", calls.GroupBy(c => c.Status).OrderBy(g => g.Key).Select(g => $"{g.Count()} with {g.Key}"));

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_FAULT_" + name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    /// <summary>One fault after the other, the same for the same seed. What has gone comes back before the next goes.</summary>
    private sealed class Storm(Cluster cluster, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<string> _said = [];

        /// <summary>When instances were killed.</summary>
        public List<(long From, long To)> Kills { get; } = [];

        /// <summary>When a destination was away.</summary>
        public List<(long From, long To)> Outages { get; } = [];

        public string Said => string.Join(", ", _said.GroupBy(s => s).Select(g => $"{g.Key} {g.Count()} times"));

        public async Task NextAsync(CancellationToken cancel)
        {
            var instance = cluster.Instances[_random.Next(cluster.Instances.Count)];
            var destination = cluster.Destinations[_random.Next(cluster.Destinations.Count)];
            var pause = TimeSpan.FromMilliseconds(_random.Next(200, 1200));
            var from = Stopwatch.GetTimestamp();
            switch (_random.Next(6))
            {
                case 0:
                    _said.Add("instance killed");
                    await instance.KillAsync();
                    Kills.Add((from, Stopwatch.GetTimestamp()));
                    await Task.Delay(pause, cancel);
                    await instance.StartAsync();
                    break;
                case 1:
                    _said.Add("instance restarted");
                    Assert.Equal(0, await instance.StopAsync());
                    await instance.StartAsync();
                    break;
                case 2:
                    _said.Add("instance held");
                    await HoldAsync(instance.Process, pause, cancel);
                    break;
                case 3:
                    _said.Add("destination killed");
                    await destination.KillAsync();
                    await Task.Delay(pause, cancel);
                    await destination.StartAsync();
                    Outages.Add((from, Stopwatch.GetTimestamp()));
                    break;
                case 4:
                    _said.Add("destination held");
                    await HoldAsync(destination.Process, pause, cancel);
                    break;
                default:
                    _said.Add("all reloaded");
                    cluster.Revision = cluster.Revision == "one" ? "other" : "one";
                    foreach (var each in cluster.Instances) await each.ReloadAsync();
                    break;
            }
        }

        private static async Task HoldAsync(Cli.GatehouseProcess process, TimeSpan time, CancellationToken cancel)
        {
            await process.SignalAsync("STOP", cancel);
            await Task.Delay(time, cancel);
            await process.SignalAsync("CONT", cancel);
        }
    }
}
