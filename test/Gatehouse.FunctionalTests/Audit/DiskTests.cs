using System.Diagnostics;
using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Audit;

/// <summary>Disks that are full or torn, and trails that are long.</summary>
public sealed class DiskTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>On a file system of its own, where that may be made.</summary>
    [Fact]
    [Control("AUD-7", "the trail itself says that it cannot be written")]
    public async Task A_full_disk_is_told_of_at_once_and_gone_on_from_when_there_is_room()
    {
        var disk = _folder.Of("disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk), "no file system can be made here");
        try
        {
            using var trail = new TestTrail(Path.Combine(disk, "audit.db"));
            var written = 0;
            using (var writes = await trail.BeginAsync())
            {
                while (await writes.WriteAsync(TestTrail.Sample(written))) written++;
                Assert.False(writes.Writable);
                var since = Stopwatch.GetTimestamp();
                for (var i = 0; i < 100; i++) Assert.False(await writes.WriteAsync(TestTrail.Sample(i)));
                Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(5)); // nobody waits for it

                Assert.True(await RunAsync("mount", "-o", "remount,size=16m", disk));
                await Eventually.HoldsAsync(() => Task.FromResult(writes.Writable), Cancel);
                Assert.True(await writes.WriteAsync(TestTrail.Sample(1_000_000)));
            }

            Assert.InRange(written, 100, 100_000);
            Assert.Null(Assert.Single(trail.Verify(withCopies: true)).Fault);
            Assert.Equal(written + 1, trail.Read().Count(r => r.Kind == AuditKind.Exchange));
            Assert.Single(trail.Read(), r => r.Kind == AuditKind.Gap);
        }
        finally
        {
            await RunAsync("umount", disk);
        }
    }

    /// <summary>What a write that was cut short leaves: some of the log, and at its end what is none.</summary>
    [Theory]
    [Control("AUD-5", "a torn write")]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.999)]
    public async Task A_torn_log_is_repaired_to_the_last_whole_record(double share)
    {
        using var torn = new TestTrail();
        using (var whole = new TestTrail())
        {
            using var trail = await whole.BeginAsync(o => o with { CheckpointEvery = 100 });
            for (var i = 0; i < 50; i++) Assert.True(await trail.WriteAsync(TestTrail.Sample(i)));
            // as the disk has it while the process runs
            foreach (var end in new[] { "", "-wal" }) File.Copy(whole.File + end, torn.File + end);
        }

        using (var log = new FileStream(torn.File + "-wal", FileMode.Open))
        {
            log.SetLength((long)(log.Length * share));
            log.Seek(-100, SeekOrigin.End);
            log.Write(new byte[100]);
        }

        await torn.WriteAsync(1);

        var records = torn.Read();
        Assert.InRange(records.Count, 3, 55);
        Assert.Single(records, r => r.Kind == AuditKind.Repair);
        Assert.Null(Assert.Single(torn.Verify()).Fault);
    }

    [Fact]
    public async Task A_hundred_thousand_records_are_verified_in_seconds()
    {
        const int records = 100_000;
        using var trail = new TestTrail();
        using (var writes = await trail.BeginAsync(o => o with { QueueBytes = 256 << 20 }))
            for (var i = 0; i < records; i++) Assert.True(writes.Post(TestTrail.Sample(i)));

        var since = Stopwatch.GetTimestamp();
        var verdict = Assert.Single(trail.Verify(withCopies: true));
        var took = Stopwatch.GetElapsedTime(since);

        Assert.Equal((null, records + 2), (verdict.Fault, verdict.Last));
        Assert.True(took < TimeSpan.FromSeconds(30), $"it took {took}"); // a few seconds where nothing else runs
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var run = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await run.WaitForExitAsync(Cancel).WaitAsync(Patience.Limit, Cancel);
            return run.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // there is no such program
        }
    }
}
