using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>What a real Prometheus makes of <c>/metrics</c>.</summary>
public sealed class PrometheusTests : IDisposable
{
    /// <summary>How many series there have been lately, of failed scrapes too.</summary>
    private const string Series = "count(last_over_time({job=\"gatehouse\",__name__=~\"gatehouse_.*|http_.*\"}[10m]))";

    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Control("LOG-10", "as Prometheus counts series")]
    public async Task A_real_Prometheus_scrapes_the_gateway_and_counts_no_more_series_for_more_paths()
    {
        Assert.SkipUnless(IsThere("prometheus"), "prometheus is not installed: run './build test'");
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        using var client = gateway.Client("edge");
        await client.GetAsync("/things/17", Cancel);
        await using var prometheus = await StartAsync(gateway, out var port);
        using var asking = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.HoldsAsync(async () => await AskAsync(asking, "up{job=\"gatehouse\"}") == 1, Cancel);
        const string served = "gatehouse_exchanges_total{route=\"things/get-thing\",status=\"2xx\"}";
        await Eventually.HoldsAsync(async () => await AskAsync(asking, served) == 1, Cancel);
        await MakeNoiseAsync(gateway, seed: 1); // enough for everything that is told of those who do such things
        await ScrapedAsync(asking, gateway);
        var before = await AskAsync(asking, Series);
        Assert.True(before > 0);
        await MakeNoiseAsync(gateway, seed: 2);
        await ScrapedAsync(asking, gateway);
        Assert.Equal(before, await AskAsync(asking, Series));
        foreach (var query in (string[])["http_server_request_duration_seconds_count{http_request_method=\"_OTHER\"}",
            "gatehouse_refusals_total{problem=\"not-found\",policy=\"route\"}"])
            await Eventually.HoldsAsync(async () => await AskAsync(asking, query) > 0, Cancel);
    }

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_the_page()
    {
        Assert.SkipUnless(IsThere("promtool"), "promtool is not installed: run './build test'");
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await gateway.Client("edge").GetAsync("/things/17", Cancel);
        await gateway.Client("edge").GetAsync("/nothing", Cancel);
        var page = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        await promtool.StandardInput.WriteAsync(page);
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync(Cancel) + await promtool.StandardOutput.ReadToEndAsync(Cancel);
        await promtool.WaitForExitAsync(Cancel);
        Assert.DoesNotContain("error while linting", said, StringComparison.Ordinal); // 1 would be a page that cannot be read
        Assert.NotEqual(1, promtool.ExitCode);
    }

    /// <summary>Requests with paths, methods, hosts and header fields that nobody has declared.</summary>
    private static async Task MakeNoiseAsync(TestGateway gateway, int seed)
    {
        const int requests = 300;
        var random = new Random(seed);
        for (var i = 0; i < requests; i++)
        {
            var word = random.NextInt64().ToString("x", CultureInfo.InvariantCulture);
            var (method, host) = i % 5 == 0 ? ("M" + word.ToUpperInvariant(), "localhost") : ("GET", i % 5 == 1 ? $"{word}.example" : "localhost");
            var path = i % 5 == 2 ? $"/things/{word}" : $"/{word}/{word}";
            await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port,
                $"{method} {path}?{word}=1 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {word}\r\nConnection: close\r\n\r\n");
        }
    }

    private Task<GatehouseProcess> StartAsync(TestGateway gateway, out int port)
    {
        port = Declarations.FreePort();
        File.WriteAllText(Path.Combine(_folder.Path, "prometheus.yml"),
            $$"""
            global: { scrape_interval: 500ms, scrape_timeout: 500ms }
            scrape_configs: [ { job_name: gatehouse, static_configs: [ { targets: ["127.0.0.1:{{gateway.Running.Administration.Port}}"] } ] } ]
            """);
        return BeginAsync(port);
    }

    private async Task<GatehouseProcess> BeginAsync(int port)
    {
        var prometheus = GatehouseProcess.StartProgram("prometheus", [], _folder.Path,
            "--config.file=prometheus.yml", "--storage.tsdb.path=data", $"--web.listen-address=127.0.0.1:{port}");
        await prometheus.LineAsync("Server is ready to receive web requests", Cancel);
        return prometheus;
    }

    /// <summary>Waits until what the gateway has counted now was scraped.</summary>
    private static async Task ScrapedAsync(HttpClient prometheus, TestGateway gateway)
    {
        var counted = gateway.AccessLog.Records.Count(r => r["status"] is not null);
        await Eventually.HoldsAsync(async () => await AskAsync(prometheus, "sum(gatehouse_exchanges_total)") >= counted, Cancel);
    }

    /// <summary>The first value of an instant query; -1 for none.</summary>
    private static async Task<double> AskAsync(HttpClient prometheus, string query)
    {
        var answer = JsonNode.Parse(await prometheus.GetStringAsync("/api/v1/query?query=" + Uri.EscapeDataString(query), Cancel))!;
        return answer["data"]!["result"]!.AsArray() is [{ } first, ..]
            ? double.Parse((string)first["value"]![1]!, CultureInfo.InvariantCulture) : -1;
    }

    internal static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, program)));
}
