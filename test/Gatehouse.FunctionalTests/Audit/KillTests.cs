using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Audit;

/// <summary>A process that writes a trail from many threads is killed again and again, at any moment.</summary>
public sealed class KillTests : IDisposable
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_KILL_ROUNDS"), out var rounds) ? rounds : 20;

    private readonly TestTrail _trail = new();
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _trail.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Control("AUD-5")]
    public async Task Nothing_that_was_acknowledged_is_lost_however_often_the_process_is_killed()
    {
        var random = new Random(20261126);
        var key = _folder.Of("audit.pem");
        var made = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "key", "init", key, "--audit");
        Assert.Equal(ExitCode.Done, made.ExitCode);
        var acknowledged = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < Rounds; round++)
        {
            await using var writer = GatehouseProcess.StartHost("Gatehouse.TestPrograms", [], _folder.Path,
                "audit-writer", _trail.File, key, _trail.Copies, string.Create(CultureInfo.InvariantCulture, $"r{round}"));
            for (var lines = random.Next(1, 400); lines > 0; lines--) await writer.LineAsync("-", Cancel);
            await writer.SignalAsync("KILL", Cancel);
            var finished = await writer.FinishAsync(Cancel);
            var said = finished.Output.Split('\n');
            foreach (var line in said[..^1]) acknowledged.Add(line); // the last may have been cut
        }

        var verified = await GatehouseProcess.RunAsync(
            _folder.Path, Cancel, "audit", "verify", _trail.File, "--key", key + ".pub", "--checkpoints", _trail.Copies);

        Assert.Equal((ExitCode.Done, ""), (verified.ExitCode, verified.Error));
        var records = _trail.Read();
        var there = records.Where(r => r.Kind is AuditKind.Intent or AuditKind.Outcome)
            .Select(r => $"{r.RequestId ?? r.Intent} {AuditWords.Of(r.Kind)}").ToHashSet(StringComparer.Ordinal);
        Assert.Empty(acknowledged.Except(there));
        Assert.True(acknowledged.Count > Rounds);
        // each run but the first found that the one before had not stopped, and said of each intent what became of it
        Assert.Equal(Rounds - 1, records.Count(r => r.Kind == AuditKind.Repair));
        var ended = records.Select(r => r.Intent).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var last = $"r{Rounds - 1}-";
        Assert.DoesNotContain(records, r => r.Kind == AuditKind.Intent && !ended.Contains(r.RequestId!)
            && !r.RequestId!.StartsWith(last, StringComparison.Ordinal));
    }
}
