using System.Text;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Telemetry;

public sealed class BufferedLineSinkTests
{
    private static readonly byte[] Line = "{\"a\":1}"u8.ToArray();

    [Fact]
    public async Task Lines_reach_the_target_in_order_without_being_asked_to()
    {
        var target = new GatedStream();
        target.Open();
        using var sink = new BufferedLineSink(() => target);
        for (var i = 0; i < 3; i++) sink.Write(Encoding.ASCII.GetBytes($"{i}"));
        Assert.Equal("0\n1\n2\n", await target.WaitForAsync(6));
    }

    [Fact]
    public void What_is_buffered_is_written_when_the_sink_is_disposed()
    {
        var target = new GatedStream();
        target.Open();
        using (var sink = new BufferedLineSink(() => target))
            for (var i = 0; i < 1000; i++) sink.Write(Line);
        Assert.Equal(1000, target.Text.Count(c => c == '\n'));
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_target_that_hangs_never_holds_up_the_caller_and_what_does_not_fit_is_counted()
    {
        var target = new GatedStream();
        using var sink = new BufferedLineSink(() => target, capacity: 80);
        sink.Write(Line);
        await target.Entered.WaitAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 25; i++) sink.Write(Line);
        Assert.Equal(15, sink.Dropped);
        target.Open();
        await target.WaitForAsync(11 * 8);
        Assert.Equal(15, sink.Dropped);
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_target_that_fails_is_tried_again_and_loses_nothing_that_fitted()
    {
        var target = new GatedStream { FailuresToCome = 2 };
        target.Open();
        var told = 0;
        using var sink = new BufferedLineSink(() => target, _ => Interlocked.Increment(ref told));
        sink.Write(Line);
        Assert.Equal("{\"a\":1}\n", await target.WaitForAsync(8));
        Assert.Equal(2, sink.Failures);
        Assert.Equal(1, told);
        Assert.Equal(0, sink.Dropped);
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_target_that_hangs_is_told_of_once_an_outage()
    {
        var clock = new FakeTimeProvider();
        var target = new GatedStream();
        var told = new List<Exception>();
        using var sink = new BufferedLineSink(() => target, told.Add, clock: clock);
        for (var outage = 1; outage <= 2; outage++)
        {
            sink.Write(Line);
            await target.Entered.WaitAsync(TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(4));
            Assert.Equal(outage - 1, told.Count);
            clock.Advance(TimeSpan.FromSeconds(20));
            Assert.Equal(outage, told.Count);
            Assert.IsType<TimeoutException>(told[^1]);
            target.Open();
            await target.WaitForAsync(outage * 8);
            await Eventually.HoldsAsync(() => Task.FromResult(!sink.IsBusy), TestContext.Current.CancellationToken);
            target.Hang();
        }

        target.Open();
    }

    [Fact]
    public void Lines_of_a_target_that_never_works_are_counted_as_dropped()
    {
        var sink = new BufferedLineSink(() => throw new IOException("no"));
        for (var i = 0; i < 5; i++) sink.Write(Line);
        sink.Dispose();
        Assert.Equal(5, sink.Dropped);
    }

    [Fact]
    public void A_file_is_appended_to_and_only_its_owner_may_write_it()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "access.log");
        for (var i = 0; i < 2; i++)
            using (var sink = BufferedLineSink.ToFile(path)) sink.Write(Line);
        Assert.Equal("{\"a\":1}\n{\"a\":1}\n", File.ReadAllText(path));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead));
    }

    [Fact]
    public void A_renamed_file_is_left_behind_on_reopen()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var path = Path.Combine(folder, "access.log");
        using (var sink = BufferedLineSink.ToFile(path)) sink.Write("old"u8);
        using (var sink = BufferedLineSink.ToFile(path))
        {
            File.Move(path, path + ".1");
            sink.Reopen();
            sink.Write("new"u8);
        }

        Assert.Equal("old\n", File.ReadAllText(path + ".1"));
        Assert.Equal("new\n", File.ReadAllText(path));
    }
}
