using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.TestPrograms;

/// <summary>
/// Writes to an audit trail without end, from many at once, intents and their outcomes in turn; and says of each record that is durable its
/// request id and its kind, on a line of its own.
/// </summary>
internal static class TrailWriter
{
    private const int Writers = 16;

    public static async Task<int> RunAsync(string file, string key, string copies, string run)
    {
        if (CheckpointKey.Read(new Secret("file", await File.ReadAllBytesAsync(key)), out var fault) is not { } signs) throw new InvalidOperationException(fault);
        var options = new AuditTrailOptions { Gateway = "front-door", Instance = "edge-1", Key = signs, Copies = copies, CheckpointEvery = 100 };
        using var trail = new AuditTrail(
            new SqliteAuditStore(file), options, new EventWriter(Console.Error, TimeProvider.System), TimeProvider.System, new AuditTally());
        if (!await trail.Begun) return 1;
        var said = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => WriteAsync(trail, $"{run}-{w}", said))));
        return 0;
    }

    private static async Task WriteAsync(AuditTrail trail, string name, TextWriter said)
    {
        for (var i = 0; ; i++)
        {
            var request = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
            foreach (var kind in (AuditKind[])[AuditKind.Intent, AuditKind.Outcome])
            {
                var record = new AuditRecord
                {
                    Kind = kind,
                    Time = TimeProvider.System.GetUtcNow(),
                    RequestId = kind == AuditKind.Intent ? request : null,
                    Intent = kind == AuditKind.Outcome ? request : null,
                    Person = name,
                    Route = "orders/create-order",
                };
                if (await trail.WriteAsync(record)) await said.WriteLineAsync($"{request} {AuditWords.Of(kind)}");
            }
        }
    }
}
