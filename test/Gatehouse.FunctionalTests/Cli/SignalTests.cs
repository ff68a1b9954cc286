using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The built executable under an operator's signals, and with access logs that are hard to write.</summary>
public sealed class SignalTests : StockProgramTests
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Upstream.On("/stock/slow", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
    }

    [Theory]
    [InlineData("INT", "INT")]
    [InlineData("TERM", "INT")]
    [InlineData("TERM", "TERM")]
    public async Task Asked_again_it_ends_at_once(string first, string again)
    {
        await using var gatehouse = await ServeAsync(finish: "1h");
        var slow = GetAsync("slow");
        await Upstream.NextAsync(Cancel);

        await gatehouse.SignalAsync(first, Cancel);
        await gatehouse.LineAsync("stopping", Cancel);
        var said = TimeProvider.System.GetTimestamp();
        // no twin of the first
        await Eventually.HoldsAsync(() => Task.FromResult(TimeProvider.System.GetElapsedTime(said) > StopSignals.Twins), Cancel);
        await gatehouse.SignalAsync(again, Cancel);

        var finished = await gatehouse.FinishAsync(Cancel);
        Assert.Equal(0, finished.ExitCode);
        Assert.Contains("stopped; what was not finished was cut", finished.Error, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
    }

    [Fact]
    public async Task A_hang_up_opens_a_renamed_access_log_anew()
    {
        await using var gatehouse = await ServeAsync();
        await GetAsync("before");
        var log = Folder.Of("access.log");
        await HasLinesAsync(log, 1);
        File.Move(log, log + ".1");

        await gatehouse.SignalAsync("HUP", Cancel);
        await Eventually.HoldsAsync(async () =>
        {
            await GetAsync("after"); // a call makes the line for which the file is opened
            return File.Exists(log);
        }, Cancel);
        await HasLinesAsync(log, 1);
        await gatehouse.SignalAsync("TERM", Cancel);
        await gatehouse.FinishAsync(Cancel);

        Assert.Equal(Upstream.Requests.Count, Lines(log) + Lines(log + ".1"));
        Assert.Equal(200, (int)JsonNode.Parse((await File.ReadAllLinesAsync(log, Cancel))[0])!["status"]!);
    }

    [Fact]
    [Control("LOG-7")]
    [Control("AVL-3", "the access log")]
    public async Task A_log_that_cannot_be_opened_is_told_and_stops_nothing()
    {
        await using var gatehouse = await ServeAsync(log: "later/access.log");
        Assert.Equal(HttpStatusCode.OK, await GetAsync("1"));
        await gatehouse.LineAsync("the access log cannot be written", Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync("2"));

        Directory.CreateDirectory(Folder.Of("later")); // mended while it runs: nothing is lost
        await HasLinesAsync(Folder.Of("later/access.log"), 2);
        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode);
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_pipe_without_a_reader_is_told_and_stops_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with names are made by mkfifo");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [Folder.Of("access.log")])) await mkfifo.WaitForExitAsync(Cancel);
        await using var gatehouse = await ServeAsync();
        Assert.Equal(HttpStatusCode.OK, await GetAsync("1"));
        await gatehouse.LineAsync("the access log cannot be written (nothing takes what is written)", Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync("2"));

        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode); // with the lines that nobody took
    }

    private async Task<GatehouseProcess> ServeAsync(string finish = "10s", string log = "access.log")
    {
        Folder.Write("gatehouse.yaml", Declaration
            .Replace("finish: 10s", $"finish: {finish}", StringComparison.Ordinal)
            .Replace("access: access.log", $"access: {log}", StringComparison.Ordinal));
        var gatehouse = GatehouseProcess.Start(Folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);
        return gatehouse;
    }

    private static Task HasLinesAsync(string file, int least) => Eventually.HoldsAsync(() => Task.FromResult(Lines(file) >= least), Cancel);

    private static int Lines(string file) => File.Exists(file) ? File.ReadAllText(file).Count(c => c == '\n') : 0;
}
