using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>The process's two outputs, each with a reader that is not well: pipes as a shell or a supervisor gives them.</summary>
public sealed partial class OutputsTests : StockProgramTests
{
    [Fact]
    [Control("LOG-7", "standard output that nobody reads")]
    public async Task Where_nobody_reads_the_access_log_the_operator_is_told()
    {
        await using var gatehouse = Start(FullPipe(1));
        await gatehouse.LineAsync("is in force", Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
        await gatehouse.LineAsync("the access log cannot be written (nothing takes what is written)", Cancel);

        Folder.Write("gatehouse.yaml", Loud().Replace("gatehouse: v1", "gatehouse: v0", StringComparison.Ordinal));
        await gatehouse.SignalAsync("HUP", Cancel);
        await gatehouse.LineAsync("reload refused", Cancel); // it hears of everything else, too
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
    }

    [Fact]
    [Control("LOG-7", "standard error that nobody reads")]
    public async Task Where_nobody_reads_the_events_the_access_log_is_written()
    {
        await using var gatehouse = Start(FullPipe(2));
        await ServesAsync();
        await gatehouse.LineAsync("\"route\":\"stock/get-stock\"", Cancel);
    }

    [Fact]
    [Control("LOG-7", "standard output that was closed")]
    public async Task An_output_that_was_closed_is_told_and_what_is_lost_is_counted()
    {
        await using var gatehouse = Start("mkfifo pipe; exec 3<>pipe 1>pipe 3<&-; ");
        await gatehouse.LineAsync("is in force", Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
        await gatehouse.LineAsync("the access log cannot be written (Broken pipe)", Cancel);
        while ((await CountedAsync()).Dropped == 0)
            for (var i = 0; i < 200; i++) Assert.Equal(HttpStatusCode.OK, await GetAsync());

        // whoever reads from now on misses what was dropped, and nothing else
        var sent = Upstream.Requests.Count;
        await Eventually.HoldsAsync(async () => (await CountedAsync()).Exchanges == sent, Cancel);
        var dropped = (await CountedAsync()).Dropped;
        await using var pipe = new FileStream(Folder.Of("pipe"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var lines = new StreamReader(pipe);
        for (var read = 0; read < sent - dropped; read++)
            Assert.StartsWith("{\"time\":", await lines.ReadLineAsync(Cancel).AsTask().WaitAsync(Patience.Limit, Cancel), StringComparison.Ordinal);
        Assert.Equal(dropped, (await CountedAsync()).Dropped);
    }

    [Fact]
    public async Task Both_may_be_one_file_and_neither_writes_over_the_other()
    {
        await using var gatehouse = Start("exec 1>both.log 2>&1; ");
        await ServesAsync();
        for (var i = 0; i < 50; i++) await GetAsync();
        await gatehouse.SignalAsync("HUP", Cancel);
        for (var i = 0; i < 50; i++) await GetAsync();
        await Eventually.HoldsAsync(async () => (await ReadAsync()).Any(l => l.Contains("no file has changed", StringComparison.Ordinal)), Cancel);
        await gatehouse.SignalAsync("TERM", Cancel);
        await gatehouse.FinishAsync(Cancel);

        var lines = await ReadAsync();
        Assert.Equal(Upstream.Requests.Count, lines.Count(l => l.StartsWith("{\"time\":", StringComparison.Ordinal) && l.EndsWith('}')));
        foreach (var told in (string[])["is in force", "no file has changed", "stopped"])
            Assert.Contains(lines, l => l.Contains(told, StringComparison.Ordinal));
        Assert.All(lines, l => Assert.Matches(WholeLine(), l));

        Task<string[]> ReadAsync() => File.ReadAllLinesAsync(Folder.Of("both.log"), Cancel);
    }

    [GeneratedRegex("""^(\{"time":"[^\0]+\}|\d{4}-\d\d-\d\dT\S+ gatehouse: [^\0]+)$""")]
    private static partial Regex WholeLine();

    [GeneratedRegex("""^gatehouse_accesslog_dropped_total\S* (\d+)""", RegexOptions.Multiline)]
    private static partial Regex Dropped();

    [GeneratedRegex("""^gatehouse_exchanges_total\S*status="2xx"\S* (\d+)""", RegexOptions.Multiline)]
    private static partial Regex Exchanges();

    /// <summary>A pipe that is open for reading too, so that writing to it is no error; nobody reads what it has, and it is full.</summary>
    private static string FullPipe(int output) => $"mkfifo pipe; exec {output}<>pipe; head -c 65536 /dev/zero >&{output}; ";

    /// <summary>Starts the program as a shell does, with its outputs where the shell has put them.</summary>
    private GatehouseProcess Start(string before)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a pipe is filled as Linux has it");
        Folder.Write("gatehouse.yaml", Loud());
        var program = GatehouseProcess.Built("Gatehouse.Cli", "gatehouse");
        return GatehouseProcess.StartProgram("sh", [], Folder.Path, "-c", before + "exec \"$0\" run", program);
    }

    private string Loud() => Declaration
        .Replace("log: { access: access.log }\n", "", StringComparison.Ordinal)
        .Replace("allow: 1000, every: 1m", "allow: 100000, every: 1s", StringComparison.Ordinal);

    /// <summary>Waits until a call is answered: it may be that nobody hears what the program says.</summary>
    private Task ServesAsync() => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return await GetAsync() == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        Cancel);

    private async Task<(long Dropped, long Exchanges)> CountedAsync()
    {
        var page = await MetricsAsync();
        return (Number(Dropped()), Number(Exchanges()));

        long Number(Regex metric) => long.Parse(metric.Match(page).Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
