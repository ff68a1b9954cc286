using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Gatehouse.LoadBench;

/// <summary>What is measured, and how it is told.</summary>
internal static class Suites
{
    private const int ManyTokens = 40_000; // more than are remembered
    public static readonly int Rounds = Setting("BENCH_ROUNDS", 5);
    public static readonly int Seconds = Setting("BENCH_SECONDS", 6);
    public static readonly int Warmup = Setting("BENCH_WARMUP", 30);
    public static readonly (string, string)[] OurSettings =
        [("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1"), ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0")];

    public static int Run(Action<string> suite)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-bench-").FullName;
        try
        {
            var upstream = Peers.Upstream(folder); // once: it writes the file that nginx reads
            using var running = Running.Start(upstream, folder, core: 1);
            running.WaitForAnswer(upstream, Stopwatch.GetTimestamp());
            suite(folder);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Proxying one small GET: bare YARP, HAProxy, and Gatehouse with its default policies and with a key, a limit and adapted headers.
    /// </summary>
    public static void Plain(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var (withKey, key) = declarations.WithKey(28114, 28124);
        Compare("plain proxying, GET of 198 bytes, 64 connections", folder, "yarp",
        [
            Peers.HaProxy(folder, 28110),
            Peers.Yarp(28111, "yarp", Programs.Yarp),
            Peers.Yarp(28112, "yarp, our settings", Programs.Yarp) with { Environment = OurSettings },
            new Contender("gatehouse", 28113, [Programs.Gatehouse, "run", "-c", declarations.Plain(28113, 28123)]),
            new Contender("gatehouse, key+limit+headers", 28114, [Programs.Gatehouse, "run", "-c", withKey]) { Headers = ["X-Api-Key: " + key] },
        ]);
    }

    /// <summary>
    /// A gateway's work: each request has an RS256 token, a limit for its person, a line in the log and adapted headers; Gatehouse gives the backend
    /// a signed assertion besides. Once with a hundred tokens that come again, once with more tokens than anybody remembers.
    /// </summary>
    public static void Gateway(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var tokens = new TokenSet(folder);
        var one = "Authorization: Bearer " + tokens.Make(0, -1);
        foreach (var (title, script) in ((string, string)[])
            [("tokens seen before", tokens.Script("seen", 100)), ("a new token each time", tokens.Script("new", ManyTokens))])
        {
            Contender[] contenders =
            [
                Peers.HaProxyWithTokens(folder, 28190, tokens),
                Peers.OrdinaryYarp(folder, 28191, tokens),
                new("gatehouse", 28192, [Programs.Gatehouse, "run", "-c", declarations.WithTokens(28192, 28196, tokens, new GatewayWork())]),
            ];
            Compare($"gateway work, {title}", folder, "haproxy", [.. contenders.Select(c => c with { Script = script, First = one })]);
        }
    }

    /// <summary>What each part of a gateway's work costs: one after the other is added.</summary>
    public static void Parts(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var tokens = new TokenSet(folder);
        var script = tokens.Script("seen", 100);
        var one = "Authorization: Bearer " + tokens.Make(0, -1);
        (string Name, GatewayWork Work)[] parts =
        [
            ("a token and a limit for the route", new(PerPerson: false, Headers: false, Assertion: null)),
            ("the limit for each person", new(Headers: false, Assertion: null)),
            ("and adapted headers", new(Assertion: null)),
            ("and an assertion that is reused", new()),
            ("an assertion for each request", new(Assertion: "perRequest")),
        ];
        Compare("what each part costs, tokens seen before", folder, "anonymous",
        [
            new("anonymous", 28200, [Programs.Gatehouse, "run", "-c", declarations.Plain(28200, 28210)]),
            .. parts.Select((p, i) =>
                new Contender(p.Name, 28201 + i, [Programs.Gatehouse, "run", "-c", declarations.WithTokens(28201 + i, 28211 + i, tokens, p.Work)])
                {
                    Script = script,
                    First = one,
                }),
        ]);
    }

    /// <summary>Routes chosen at random: ten and ten thousand.</summary>
    public static void Routes(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        Compare("uniformly random routes", folder, "10 routes",
        [
            new Contender("10 routes", 28130, [Programs.Gatehouse, "run", "-c", declarations.Many(10, 28130, 28140)])
            {
                Path = "/svc1/orders/42",
                Script = Peers.RandomRoutes(folder, 10),
            },
            new Contender("10,000 routes", 28131, [Programs.Gatehouse, "run", "-c", declarations.Many(10_000, 28131, 28141)])
            {
                Path = "/svc1/orders/42",
                Script = Peers.RandomRoutes(folder, 10_000),
            },
        ]);
    }

    /// <summary>Ten thousand routes under load, left alone and swapped once a second.</summary>
    public static void Swap(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var contender = new Contender("10,000 routes", 28150, [Programs.Gatehouse, "run", "-c", declarations.Many(10_000, 28150, 28160)])
        {
            Path = "/svc1/orders/42",
            Script = Peers.RandomRoutes(folder, 10_000),
        };
        using var running = Running.Start(contender, folder, core: 0);
        running.WaitForAnswer(contender, Stopwatch.GetTimestamp());
        Measure.Wrk(contender, Warmup);
        Console.WriteLine("\n## swapping 10,000 routes under full load on one core\n\n| | p50 µs | p99 µs | not 2xx |\n|---|---|---|---|");
        for (var round = 1; round <= Rounds; round++)
        {
            var calm = Measure.Load(contender, running.ProcessId, Seconds);
            using var stop = new CancellationTokenSource();
            var version = round * 1000;
            var swapping = Task.Run(() =>
            {
                while (!stop.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(2))) declarations.Many(10_000, 28150, 28160, ++version);
            });
            var swapped = Measure.Load(contender, running.ProcessId, Seconds);
            stop.Cancel();
            swapping.GetAwaiter().GetResult();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| left alone | {calm.P50Micros:F0} | {calm.P99Micros:F0} | {calm.Bad} |\n| file rewritten every 2 s | {swapped.P50Micros:F0} | {swapped.P99Micros:F0} | {swapped.Bad} |"));
        }
    }

    /// <summary>From the start of the process to its first answer with status 200: as published, and as built.</summary>
    public static void Start(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var plain = declarations.Plain(28171, 28181);
        Contender[] contenders =
        [
            Peers.Yarp(28170, "yarp", Programs.Yarp),
            Peers.Yarp(28173, "yarp, as built", Programs.YarpAsBuilt),
            new("gatehouse", 28171, [Programs.Gatehouse, "run", "-c", plain]),
            new("gatehouse, as built", 28171, [Programs.GatehouseAsBuilt, "run", "-c", plain]),
            new("gatehouse, 10,000 routes", 28172, [Programs.Gatehouse, "run", "-c", declarations.Many(10_000, 28172, 28182)])
            {
                Path = "/svc1/orders/42",
            },
        ];
        var times = contenders.ToDictionary(c => c.Name, _ => new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var since = Stopwatch.GetTimestamp();
                using var running = Running.Start(contender, folder, core: 0);
                var took = running.WaitForAnswer(contender, since).TotalMilliseconds;
                if (round > 0) times[contender.Name].Add(took); // the first start fills the file cache
            }
        }

        Console.WriteLine("\n## start to first answer, one core\n\n| gateway | median ms | min–max |\n|---|---|---|");
        foreach (var (name, values) in times)
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"| {name} | {Measure.Median(values):F0} | {values.Min():F0}–{values.Max():F0} |"));
    }

    /// <param name="atEnd">Called while all of them still run.</param>
    /// <returns>What was measured of each, round by round.</returns>
    public static List<Sample>[] Compare(string title, string folder, string reference, Contender[] contenders, Action? atEnd = null)
    {
        var running = contenders.Select(c => Running.Start(c, folder, core: 0)).ToArray();
        try
        {
            for (var i = 0; i < contenders.Length; i++) running[i].WaitForAnswer(contenders[i], Stopwatch.GetTimestamp());
            foreach (var contender in contenders) Measure.Wrk(contender, Warmup);
            var samples = contenders.Select(_ => new List<Sample>()).ToArray();
            for (var round = 0; round < Rounds; round++)
                for (var i = 0; i < contenders.Length; i++) samples[i].Add(Measure.Load(contenders[i], running[i].ProcessId, Seconds));
            Report(title, reference, contenders, samples);
            atEnd?.Invoke();
            return samples;
        }
        finally
        {
            foreach (var one in running) one.Dispose();
        }
    }

    public static void Report(string title, string reference, Contender[] contenders, List<Sample>[] samples)
    {
        var against = samples[Array.FindIndex(contenders, c => c.Name == reference)];
        Console.WriteLine($"\n## {title}\n\n{Rounds} rounds of {Seconds} s in turn after {Warmup} s of warm-up each; medians (min–max)\n");
        Console.WriteLine($"| gateway | µs CPU/request | ratio to {reference}, round by round | req/s | p50 µs | p99 µs | MB | not 2xx |\n|---|---|---|---|---|---|---|---|");
        for (var i = 0; i < contenders.Length; i++)
        {
            var own = samples[i];
            var ratios = own.Select((s, round) => s.MicrosPerRequest / against[round].MicrosPerRequest).ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {contenders[i].Name} | {Measure.Median(own.Select(s => s.MicrosPerRequest)):F1} ({own.Min(s => s.MicrosPerRequest):F1}–{own.Max(s => s.MicrosPerRequest):F1}) | {Measure.Median(ratios):F2} ({ratios.Min():F2}–{ratios.Max():F2}) | {Measure.Median(own.Select(s => s.RequestsPerSecond)):F0} | {Measure.Median(own.Select(s => s.P50Micros)):F0} | {Measure.Median(own.Select(s => s.P99Micros)):F0} | {Measure.Median(own.Select(s => s.MemoryMegabytes)):F0} | {own.Sum(s => s.Bad)} |"));
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
