using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Gatehouse.LoadBench;

/// <summary>
/// What it costs that instances count a limit together: the same route with its limit counted by the instance alone, with leases, and call by
/// call. The store (Debian's Redis) is on core 1, with the upstream and the load.
/// </summary>
internal static class SharedSuite
{
    private const int Store = 28300;
    private const int Rate = 2000;

    public static void Run(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        using var redis = StartRedis(folder);
        Contender[] contenders =
        [
            .. ((string[])["local", "leased", "exact"]).Select((shared, i) =>
                new Contender(shared, 28301 + i, [Programs.Gatehouse, "run", "-c", declarations.Shared(28301 + i, 28311 + i, Store, shared)])),
        ];
        Suites.Compare("a limit that instances share, GET of 198 bytes, 64 connections", folder, "local", contenders);
        AtConstantRate(folder, contenders);
    }

    private static void AtConstantRate(string folder, Contender[] contenders)
    {
        var running = contenders.Select(c => Running.Start(c, folder, core: 0)).ToArray();
        try
        {
            var samples = contenders.Select(_ => new List<RateSample>()).ToArray();
            for (var i = 0; i < contenders.Length; i++) running[i].WaitForAnswer(contenders[i], Stopwatch.GetTimestamp());
            foreach (var contender in contenders) ConstantRate.Drive(contender, Rate, Suites.Warmup);
            for (var round = 0; round < Suites.Rounds; round++)
                for (var i = 0; i < contenders.Length; i++) samples[i].Add(Measure(contenders[i], running[i].ProcessId));
            Report(contenders, samples);
        }
        finally
        {
            foreach (var one in running) one.Dispose();
        }
    }

    private static RateSample Measure(Contender contender, int processId)
    {
        var before = LoadBench.Measure.CpuSeconds(processId);
        var sample = ConstantRate.Drive(contender, Rate, Suites.Seconds);
        return sample with { MicrosPerRequest = (LoadBench.Measure.CpuSeconds(processId) - before) * 1e6 / sample.Requests };
    }

    private static void Report(Contender[] contenders, List<RateSample>[] samples)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n## a limit that instances share, {Rate} requests a second whatever comes back\n\n{Suites.Rounds} rounds of {Suites.Seconds} s in turn; medians (min–max). Latency from sending to the end of the answer, in microseconds.\n"));
        Console.WriteLine("| limit | µs CPU/request | p50 | p99 | p99 beside local, round by round | late | not 200 |\n|---|---|---|---|---|---|---|");
        for (var i = 0; i < contenders.Length; i++)
        {
            var own = samples[i];
            var beside = own.Select((s, round) => s.P99Micros - samples[0][round].P99Micros).ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {contenders[i].Name} | {Median(own, s => s.MicrosPerRequest):F1} | {Median(own, s => s.P50Micros):F0} | {Median(own, s => s.P99Micros):F0} ({own.Min(s => s.P99Micros):F0}–{own.Max(s => s.P99Micros):F0}) | {LoadBench.Measure.Median(beside):+0;-0;0} ({beside.Min():+0;-0;0} to {beside.Max():+0;-0;0}) | {own.Sum(s => s.Late)} | {own.Sum(s => s.Bad)} |"));
        }
    }

    private static double Median(List<RateSample> samples, Func<RateSample, double> of) => LoadBench.Measure.Median(samples.Select(of));

    private static Running StartRedis(string folder)
    {
        var redis = Running.Start(new Contender("redis", Store,
            ["redis-server", "--port", $"{Store}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]), folder, core: 1);
        for (var since = Stopwatch.GetTimestamp(); ; Thread.Yield())
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", Store);
                return redis;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(20))
            {
                // not up yet
            }
        }
    }
}
