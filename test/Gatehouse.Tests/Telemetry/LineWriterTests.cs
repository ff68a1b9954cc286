using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Telemetry;

/// <summary>What is told of where nobody reads it.</summary>
public sealed class LineWriterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-7", "events that nobody reads")]
    public async Task Who_tells_does_not_wait_for_who_reads_and_what_was_lost_is_said()
    {
        using var target = new GatedStream();
        using var sink = new BufferedLineSink(() => target, capacity: 4096, writeAt: 1);
        await using var writer = new LineWriter(sink);
        var events = new EventWriter(writer, TimeProvider.System);
        events.Write("first");
        await Eventually.HoldsAsync(() => Task.FromResult(sink.IsBusy), Cancel);
        for (var i = 0; i < 1000; i++) events.Write($"event {i}"); // would never come back from a stream that takes nothing
        Assert.True(sink.Dropped > 800);

        target.Open();
        await Eventually.HoldsAsync(
            () =>
            {
                events.Write("later");
                return Task.FromResult(target.Text.Contains("gatehouse: later", StringComparison.Ordinal));
            },
            Cancel);
        Assert.Contains("lines before this one were lost", target.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_written_in_pieces_comes_line_by_line()
    {
        using var target = new GatedStream();
        target.Open();
        using (var sink = new BufferedLineSink(() => target))
        await using (var writer = new LineWriter(sink))
        {
            await writer.WriteAsync("a li");
            await writer.WriteAsync("ne\nand ano");
            await writer.WriteLineAsync("ther");
        }

        Assert.Equal("a line\nand another\n", target.Text);
    }
}
