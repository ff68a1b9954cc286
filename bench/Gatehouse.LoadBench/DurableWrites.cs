using System.Diagnostics;
using System.Globalization;

namespace Gatehouse.LoadBench;

/// <summary>
/// The whole gateway with a trail and without: the same small POST of somebody's data. With a trail its intent is on disk before it is forwarded, and
/// its outcome is recorded after. Between the rounds the disk is measured by itself.
/// </summary>
internal static class DurableWrites
{
    private const double Connections = 64; // those of wrk
    private const int Without = 28440;
    private const int With = 28441;
    private const int WithoutAdmin = 28450;
    private const int WithAdmin = 28451;
    private const string Records = "gatehouse_audit_records_total";
    private const string Commits = "gatehouse_audit_commits_total";
    private const string Body = """{"article":"A-100","quantity":2}""";

    public static void Run(string folder)
    {
        var disk = AuditSuite.NewFolder();
        try
        {
            var declarations = new Declarations(folder, Programs.Gatehouse);
            var tokens = new TokenSet(folder);
            Contender[] contenders =
            [
                new("without", Without, [Programs.Gatehouse, "run", "-c", declarations.Writing(Without, WithoutAdmin, tokens, trail: null)]),
                new("with", With, [Programs.Gatehouse, "run", "-c", declarations.Writing(With, WithAdmin, tokens, Path.Combine(disk, "trail.db"))]),
            ];
            var script = Peers.Post(folder, Body);
            Compare(folder, disk, [.. contenders.Select(c => c with
            {
                Path = "/customers/17/orders",
                Body = Body,
                Script = script,
                Headers = ["Authorization: Bearer " + tokens.Make(17, 0, TokenSet.WriteScope)],
            })]);
        }
        finally
        {
            Directory.Delete(disk, recursive: true);
        }
    }

    private static void Compare(string folder, string disk, Contender[] contenders)
    {
        var running = contenders.Select(c => Running.Start(c, folder, core: 0)).ToArray();
        try
        {
            for (var i = 0; i < contenders.Length; i++) running[i].WaitForAnswer(contenders[i], Stopwatch.GetTimestamp());
            foreach (var contender in contenders) Measure.Wrk(contender, Suites.Warmup);
            List<double> syncs = [AuditSuite.MedianSync(disk).TotalMilliseconds];
            List<WriteRound> rounds = [];
            for (var round = 0; round < Suites.Rounds; round++)
            {
                var without = Measure.Load(contenders[0], running[0].ProcessId, Suites.Seconds);
                var before = GatewayMetrics.Read(WithAdmin);
                var with = Measure.Load(contenders[1], running[1].ProcessId, Suites.Seconds);
                var after = GatewayMetrics.Read(WithAdmin);
                syncs.Add(AuditSuite.MedianSync(disk).TotalMilliseconds);
                rounds.Add(new WriteRound(without, with, (syncs[^2] + syncs[^1]) / 2, Records: after.Sum(Records) - before.Sum(Records),
                    Commits: after.Sum(Commits) - before.Sum(Commits)));
            }

            Report(AuditSuite.FormatOf(disk), syncs, rounds);
        }
        finally
        {
            foreach (var one in running) one.Dispose();
        }
    }

    private static void Report(string format, List<double> syncs, List<WriteRound> rounds)
    {
        Console.WriteLine($"\n## a write with a trail and without, POST of {Body.Length} bytes, {Connections} connections\n\n{Suites.Rounds} rounds of {Suites.Seconds} s in turn after {Suites.Warmup} s of warm-up each\n");
        Console.WriteLine("| round | req/s without | req/s with | kept | µs CPU without | µs CPU with | ratio | p50 µs without | p50 µs with | sync of the disk, ms | disk allows req/s | records/write | records/commit | commits/s | not 2xx |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        for (var i = 0; i < rounds.Count; i++)
        {
            var (r, without, with) = (rounds[i], rounds[i].Without, rounds[i].With);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {i + 1} | {without.RequestsPerSecond:F0} | {with.RequestsPerSecond:F0} | {r.Kept:P0} | {without.MicrosPerRequest:F1} | {with.MicrosPerRequest:F1} | {r.Ratio:F2} | {without.P50Micros:F0} | {with.P50Micros:F0} | {r.Sync:F2} | {r.Allowed:F0} | {r.RecordsPerWrite:F1} | {r.RecordsPerCommit:F1} | {r.Commits / Suites.Seconds:F0} | {without.Bad + with.Bad} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| median | {Median(r => r.Without.RequestsPerSecond):F0} | {Median(r => r.With.RequestsPerSecond):F0} | {Median(r => r.Kept):P0} | {Median(r => r.Without.MicrosPerRequest):F1} | {Median(r => r.With.MicrosPerRequest):F1} | {Median(r => r.Ratio):F2} | {Median(r => r.Without.P50Micros):F0} | {Median(r => r.With.P50Micros):F0} | {Median(r => r.Sync):F2} | {Median(r => r.Allowed):F0} | {Median(r => r.RecordsPerWrite):F1} | {Median(r => r.RecordsPerCommit):F1} | {Median(r => r.Commits / Suites.Seconds):F0} | |"));
        Judge(format, syncs, Median(r => r.Kept), Median(r => r.OfAllowed), Median(r => r.OfCeiling));

        double Median(Func<WriteRound, double> of) => Measure.Median(rounds.Select(of));
    }

    private static void Judge(string format, List<double> syncs, double kept, double ofAllowed, double ofCeiling)
    {
        var sync = Measure.Median(syncs);
        var each = string.Join(", ", syncs.Select(s => s.ToString("F2", CultureInfo.InvariantCulture)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nThe disk itself ({format}): {AuditSuite.SyncBytes} bytes appended and synced take {sync:F2} ms, {1000 / sync:F0} syncs/s (median of these, before, between and after: {each})."));
        Console.WriteLine($"What the disk allows with group commit: one sync for all {Connections} connections at once, and then the time that {Connections} writes take without a trail; as one thread commits, the one waits for the other.");
        var (asked, holds) = sync <= 1
            ? ("a sync takes 1 ms or less, so at least 60 % of the throughput without a trail has to be kept", kept >= 0.6)
            : ("a sync takes more than 1 ms, so at least 80 % of what the disk allows has to be reached", ofAllowed >= 0.8);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Kept: {kept:P0} of the throughput without a trail; reached: {ofAllowed:P0} of what the disk allows, {ofCeiling:P0} of {Connections} writes a sync. Here {asked}: {(holds ? "holds" : "does not hold")}."));
    }

    /// <param name="Sync">What a sync of the disk took just before and after, in milliseconds.</param>
    /// <param name="Records">Records that became durable meanwhile: an intent and an outcome for each write.</param>
    /// <param name="Commits">Transactions that made them so.</param>
    private sealed record WriteRound(Sample Without, Sample With, double Sync, double Records, double Commits)
    {
        public double Kept => With.RequestsPerSecond / Without.RequestsPerSecond;

        public double Ratio => With.MicrosPerRequest / Without.MicrosPerRequest;

        public double RecordsPerCommit => Records / Commits;

        public double RecordsPerWrite => Records / (With.RequestsPerSecond * Suites.Seconds);

        /// <summary>Writes a second when every write takes a sync longer than without a trail.</summary>
        public double Allowed => Connections / (Sync / 1000 + Connections / Without.RequestsPerSecond);

        public double OfAllowed => With.RequestsPerSecond / Allowed;

        public double OfCeiling => With.RequestsPerSecond / (Connections * 1000 / Sync);
    }
}
