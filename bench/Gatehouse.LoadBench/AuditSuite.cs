using System.Diagnostics;
using System.Globalization;
using System.Net;
using Gatehouse.Audit;
using Gatehouse.Telemetry;

namespace Gatehouse.LoadBench;

/// <summary>
/// What durable records cost: what the disk does by itself, and what the trail makes of it when many wait at once. The folder is that of BENCH_DISK,
/// or the system's for temporary files; where that is in memory (tmpfs), no disk is measured.
/// </summary>
internal static class AuditSuite
{
    private const int Waiters = 64;
    private const int Syncs = 200;
    public const int SyncBytes = 4096;

    public static int Run()
    {
        var folder = NewFolder();
        try
        {
            var disk = MedianSync(folder);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"\n## the audit trail alone, {Waiters} that wait\n\nThe disk itself ({FormatOf(folder)}): {SyncBytes} bytes appended and synced take {disk.TotalMilliseconds:F2} ms (median of {Syncs}).\n"));
            Console.WriteLine("| round | records/s | commits/s | records/commit | commit, median ms | write, median ms | write, p99 ms | µs CPU/record | B/record allocated |\n|---|---|---|---|---|---|---|---|---|");
            for (var round = 0; round <= Suites.Rounds; round++) Measure(folder, round);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A folder on the disk that is measured; whoever asks for it deletes it.</summary>
    public static string NewFolder()
    {
        var folder = Path.Combine(Environment.GetEnvironmentVariable("BENCH_DISK") ?? Path.GetTempPath(), $"gatehouse-bench-{Environment.ProcessId}");
        return Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>What the folder is on, as the system calls it: <c>ext4</c>.</summary>
    public static string FormatOf(string folder) => new DriveInfo(folder).DriveFormat;

    /// <summary>How long the disk takes to keep what was appended: by <c>fsync</c>, as the trail's store does it.</summary>
    public static TimeSpan MedianSync(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "sync"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var bytes = new byte[SyncBytes];
        var took = new double[Syncs];
        for (var i = 0; i < Syncs; i++)
        {
            var since = Stopwatch.GetTimestamp();
            file.Write(bytes);
            file.Flush(flushToDisk: true);
            took[i] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        return TimeSpan.FromMilliseconds(LoadBench.Measure.Median(took));
    }

    private static void Measure(string folder, int round)
    {
        var store = new TimedStore(new SqliteAuditStore(Path.Combine(folder, $"audit-{round}.db")));
        var options = new AuditTrailOptions { Gateway = "bench", Instance = "one", Key = CheckpointKey.Create() };
        using var trail = new AuditTrail(store, options, new EventWriter(Console.Error, TimeProvider.System), TimeProvider.System, new AuditTally());
        if (!trail.Begun.GetAwaiter().GetResult()) throw new InvalidOperationException("the trail cannot be written");
        var (cpu, allocated, since) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
        var until = since + Suites.Seconds * Stopwatch.Frequency;
        var waits = Task.WhenAll(Enumerable.Range(0, Waiters).Select(_ => Task.Run(() => WriteAsync(trail, until)))).GetAwaiter().GetResult();
        var took = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var all = waits.SelectMany(w => w).Order().ToArray();
        if (round == 0) return; // to warm up
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {round} | {all.Length / took:F0} | {store.Commits.Count / took:F0} | {(double)all.Length / store.Commits.Count:F1} | {LoadBench.Measure.Median(store.Commits):F2} | {LoadBench.Measure.Median(all):F2} | {all[all.Length * 99 / 100]:F2} | {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / all.Length:F1} | {(GC.GetTotalAllocatedBytes() - allocated) / all.Length} |"));
    }

    private static async Task<List<double>> WriteAsync(AuditTrail trail, long until)
    {
        var waits = new List<double>();
        var client = IPAddress.Parse("203.0.113.9");
        AboutEntry[] about = [new("customer", "k1", new string('a', 64))];
        for (var i = 0; Stopwatch.GetTimestamp() < until; i++)
        {
            var since = Stopwatch.GetTimestamp();
            var record = new AuditRecord
            {
                Kind = i % 2 == 0 ? AuditKind.Intent : AuditKind.Outcome,
                Time = TimeProvider.System.GetUtcNow(),
                Decision = AuditDecision.Allowed,
                RequestId = "01900000-0000-7000-8000-000000000000",
                TraceId = "0af7651916cd43dd8448eb211c80319c",
                Listener = "edge",
                Consumer = "web-shop",
                ConsumerKind = "application",
                CredentialKind = "token",
                CredentialId = "customers",
                Person = "6Gf1Ck8i0Wl9fD2mXqgT8w",
                Client = client,
                About = about,
                Route = "orders/create-order",
                Api = "orders",
                Method = "POST",
                Path = "/orders",
                Revision = 3,
            };
            if (!await trail.WriteAsync(record)) throw new InvalidOperationException("a record was not written");
            waits.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }

        return waits;
    }

    /// <summary>Takes the time of each commit.</summary>
    private sealed class TimedStore(AuditStore store) : AuditStore
    {
        public List<double> Commits { get; } = [];

        public override string Name => store.Name;

        public override AuditChain Open(string gateway, string instance) => store.Open(gateway, instance);

        public override AuditStore? Beside() => store.Beside();

        public override IReadOnlyList<(AuditChain Chain, long Last)> OpenForOthers() => store.OpenForOthers();

        public override bool TryTake(AuditChain chain) => store.TryTake(chain);

        public override StoredCheckpoint? LastCheckpoint() => store.LastCheckpoint();

        public override IEnumerable<StoredRecord> Read(long from) => store.Read(from);

        public override IEnumerable<StoredRecord> Read(AuditChain chain, long from) => store.Read(chain, from);

        public override IReadOnlyList<string> Unknown() => store.Unknown();

        public override void Begin() => store.Begin();

        public override void Append(in RecordRow row) => store.Append(row);

        public override void Append(StoredCheckpoint checkpoint) => store.Append(checkpoint);

        public override void AddUnknown(string requestId, long sequence) => store.AddUnknown(requestId, sequence);

        public override void RemoveUnknown(string requestId) => store.RemoveUnknown(requestId);

        public override int SetAside(long from) => store.SetAside(from);

        public override long? FirstWithContent(AuditChain chain, long from, long end) => store.FirstWithContent(chain, from, end);

        public override bool Reaches(AuditChain chain, long sequence) => store.Reaches(chain, sequence);

        public override long LastOver(AuditChain chain, long first, long end, DateTimeOffset before) => store.LastOver(chain, first, end, before);

        public override long? LastUnder(AuditChain chain, long first, long last) => store.LastUnder(chain, first, last);

        public override int TakeOut(AuditChain chain, long first, long last) => store.TakeOut(chain, first, last);

        public override void Erase(AuditChain chain, long sequence, byte[]? left) => store.Erase(chain, sequence, left);

        public override bool Scrub() => store.Scrub();

        public override void Commit()
        {
            var since = Stopwatch.GetTimestamp();
            store.Commit();
            Commits.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }

        public override void Close() => store.Close();
    }
}
