using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The built executable under an operator's signals, and with access logs that are hard to write.</summary>
public sealed class SignalTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _upstream = (await FakeUpstream.StartAsync()).On("/stock/slow", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("INT", "INT")]
    [InlineData("TERM", "INT")]
    [InlineData("TERM", "TERM")]
    public async Task Asked_again_it_ends_at_once(string first, string again)
    {
        await using var gatehouse = await ServeAsync(finish: "1h");
        var slow = GetAsync("slow");
        await _upstream.NextAsync(Cancel);

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
        var log = _folder.Of("access.log");
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

        Assert.Equal(_upstream.Requests.Count, Lines(log) + Lines(log + ".1"));
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

        Directory.CreateDirectory(_folder.Of("later")); // mended while it runs: nothing is lost
        await HasLinesAsync(_folder.Of("later/access.log"), 2);
        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode);
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_pipe_without_a_reader_is_told_and_stops_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with names are made by mkfifo");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [_folder.Of("access.log")])) await mkfifo.WaitForExitAsync(Cancel);
        await using var gatehouse = await ServeAsync();
        Assert.Equal(HttpStatusCode.OK, await GetAsync("1"));
        await gatehouse.LineAsync("the access log cannot be written (nothing takes what is written)", Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync("2"));

        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode); // with the lines that nobody took
    }

    private async Task<GatehouseProcess> ServeAsync(string finish = "10s", string log = "access.log")
    {
        _folder.Write("gatehouse.yaml", Declarations.Stock(_edge, _administration, _upstream.Address.GetLeftPart(UriPartial.Authority))
            .Replace("finish: 10s", $"finish: {finish}", StringComparison.Ordinal)
            .Replace("access: access.log", $"access: {log}", StringComparison.Ordinal));
        var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);
        return gatehouse;
    }

    private async Task<HttpStatusCode> GetAsync(string article)
    {
        using var response = await _client.GetAsync($"http://127.0.0.1:{_edge}/stock/{article}", Cancel);
        return response.StatusCode;
    }

    private static Task HasLinesAsync(string file, int least) => Eventually.HoldsAsync(() => Task.FromResult(Lines(file) >= least), Cancel);

    private static int Lines(string file) => File.Exists(file) ? File.ReadAllText(file).Count(c => c == '\n') : 0;
}
