using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>What is shipped to a collector, and what becomes of traffic when the collector is not well: nothing.</summary>
public sealed class CollectorTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-1", "shipped to a collector")]
    public async Task The_collector_gets_the_line_of_every_exchange_as_it_stands_in_the_access_log()
    {
        await using var watched = await Watched.StartAsync(
            send: "logs, traces",
            moreOfCollector: ", headers: { Authorization: \"file:collector.token\" }",
            files: new Dictionary<string, string> { ["collector.token"] = "Bearer s3cret\n" });
        await watched.Gateway.Client("edge").GetAsync("/things/17", Cancel);
        await watched.Gateway.Client("edge").GetAsync("/nothing", Cancel);
        var served = await watched.Collector.LogAsync(l => (int?)JsonNode.Parse(l.Body)!["status"] == 200, Cancel);
        await watched.Collector.LogAsync(l => (int?)JsonNode.Parse(l.Body)!["status"] == 404, Cancel);
        var span = await watched.Collector.SpanAsync(s => s["gatehouse.route"] is not null && s.Kind == 2, Cancel);
        Assert.Contains(served.Body, watched.Gateway.AccessLog.Lines);
        Assert.Equal(("gatehouse.access", span.Trace, span.Span), (served.Name, served.Trace, served.Span));
        Assert.Equal("Bearer s3cret", watched.Collector.Headers["Authorization"]);
        Assert.DoesNotContain("s3cret", watched.Gateway.Events, StringComparison.Ordinal);
    }

    [Fact]
    [Control("LOG-7", "records of the trail")]
    public async Task The_collector_gets_every_record_of_the_trail_as_it_stands_there()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var watched = await Watched.StartAsync(
            "audit: true",
            send: "logs",
            change: small => small with
            {
                More = small.More.Replace("\n  audit: true", "\naudit: { store: trail.db, key: \"file:audit.pem\" }", StringComparison.Ordinal),
            },
            files: new Dictionary<string, string> { ["audit.pem"] = key.ExportPkcs8PrivateKeyPem() });
        await watched.Gateway.Client("edge").GetAsync("/things/%00", Cancel); // a refusal that is a security event
        await watched.Collector.LogAsync(l => l.Name == "gatehouse.audit" && (string?)JsonNode.Parse(l.Body)!["kind"] == "refusal", Cancel);

        using var reader = SqliteAuditReader.Open(Path.Combine(watched.Gateway.Folder, "trail.db"));
        var kept = reader.Records(Assert.Single(reader.Chains())).Select(r => Encoding.UTF8.GetString(r.Line!)).ToList();
        Assert.Equal(["start", "activation", "refusal"], kept.Select(l => (string?)JsonNode.Parse(l)!["kind"]));
        Assert.Equal(kept, watched.Collector.LogsReceived.Where(l => l.Name == "gatehouse.audit").Select(l => l.Body));
    }

    [Fact]
    public async Task The_collector_gets_the_metrics()
    {
        await using var watched = await Watched.StartAsync("httpMetrics: true", "metrics", moreOfCollector: ", every: 1s");
        await watched.Gateway.Administration.GetStringAsync("/metrics", Cancel); // from here on durations are kept
        await watched.Gateway.Client("edge").GetAsync("/things/17", Cancel);
        await Eventually.HoldsAsync(
            () => Task.FromResult(watched.Collector.MetricsReceived.ContainsKey("http.server.request.duration")), Cancel);
        var metrics = watched.Collector.MetricsReceived;
        var point = metrics["http.server.request.duration"].Message(9).Message(1);
        Assert.Equal(1ul, point.Number(4));
        Assert.Equal(point.Bytes(6).Length, point.Bytes(7).Length + 8); // one bucket more than there are bounds
        var labels = point.Attributes(9);
        Assert.Equal(("GET", "/things/{id}", "200"), (labels["http.request.method"], labels["http.route"], labels["http.response.status_code"]));
        await Eventually.HoldsAsync(() => Task.FromResult(watched.Collector.MetricsReceived.ContainsKey("gatehouse.exchanges")), Cancel);
        Assert.Contains(metrics["gatehouse.exchanges"].Message(7).Messages(1), p => p.Number(6) == 1);
        Assert.Equal(1ul, metrics["gatehouse.exchanges"].Message(7).Number(3)); // it only grows
    }

    [Theory]
    [InlineData("hangs")]
    [InlineData("is not there")]
    [InlineData("answers 503")]
    [InlineData("answers 400")]
    [Control("LOG-7", "a collector")]
    public async Task A_collector_that_is_not_well_costs_lines_and_never_time(string ill)
    {
        await using var watched = await Watched.StartAsync(send: "logs, traces");
        if (ill == "is not there") await watched.Collector.DisposeAsync();
        watched.Collector.Answer = http => ill switch
        {
            "hangs" => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => 200, TaskScheduler.Default),
            "answers 400" => Task.FromResult(400),
            _ => Task.FromResult(503),
        };
        var client = watched.Gateway.Client("edge");
        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < 200; i++) Assert.True((await client.GetAsync("/things/17", Cancel)).IsSuccessStatusCode);
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(60)); // 200 waits for a collector would be more
        await Eventually.HoldsAsync(
            () => Task.FromResult(watched.Gateway.Events.Contains("the collector does not take logs", StringComparison.Ordinal)), Cancel);
        Assert.Equal(200, (await watched.Gateway.AccessLog.RecordsAsync(200, Cancel)).Count);
    }

    [Fact]
    [Control("LOG-7", "losses on the way to a collector")]
    public async Task What_was_lost_is_counted_and_the_rest_comes_when_the_collector_is_back()
    {
        await using var watched = await Watched.StartAsync(send: "logs");
        watched.Collector.Answer = static _ => Task.FromResult(400);
        var client = watched.Gateway.Client("edge");
        await client.GetAsync("/things/1", Cancel);
        await Eventually.HoldsAsync(async () => await LostAsync(watched, "logs", "refused") == 1, Cancel);
        watched.Collector.Answer = static _ => Task.FromResult(503);
        var before = watched.Collector.Requests;
        await client.GetAsync("/things/2", Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(watched.Collector.Requests > before + 1), Cancel); // it is tried again
        watched.Collector.Answer = static _ => Task.FromResult(200);
        await watched.Collector.LogAsync(static _ => true, Cancel);
        await Eventually.HoldsAsync(
            () => Task.FromResult(watched.Gateway.Events.Contains("the collector takes logs again", StringComparison.Ordinal)), Cancel);
        Assert.Matches("""gatehouse_telemetry_sent_total\{[^}]*signal="logs"[^}]*\} 1""", await MetricsAsync(watched));
    }

    [Fact]
    public async Task What_the_collector_says_it_did_not_take_is_counted_as_lost()
    {
        await using var watched = await Watched.StartAsync(send: "logs");
        watched.Collector.Body = [0x0a, 0x02, 0x08, 0x01]; // partial_success { rejected: 1 }
        await watched.Gateway.Client("edge").GetAsync("/things/1", Cancel);
        await Eventually.HoldsAsync(async () => await LostAsync(watched, "logs", "refused") == 1, Cancel);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Control("TLS-4", "the collector")]
    public async Task The_collector_s_certificate_is_verified(bool trusted)
    {
        using var ours = new TestCertificates();
        using var other = new TestCertificates("somebody else's");
        using var certificate = (trusted ? ours : other).Issue("127.0.0.1").Certificate;
        await using var watched = await Watched.StartAsync(send: "logs", moreOfCollector: ", authorities: ca.pem",
            files: new Dictionary<string, string> { ["ca.pem"] = ours.AuthorityPem }, collector: await FakeCollector.StartAsync(certificate));
        await watched.Gateway.Client("edge").GetAsync("/things/1", Cancel);
        if (trusted)
        {
            await watched.Collector.LogAsync(static _ => true, Cancel);
            return;
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(watched.Gateway.Events.Contains("its certificate is not trusted", StringComparison.Ordinal)), Cancel);
        Assert.Equal(0, watched.Collector.Requests);
    }

    [Fact]
    public async Task What_waits_at_the_end_is_sent_before_the_gateway_is_gone()
    {
        var collector = await FakeCollector.StartAsync();
        await using (var watched = await Watched.StartAsync(send: "logs, traces", collector: collector))
        {
            await watched.Gateway.Client("edge").GetAsync("/things/1", Cancel);
            await watched.Gateway.AccessLog.WaitForAsync(static _ => true, Cancel);
        } // the gateway is gone before the collector

        Assert.Single(collector.LogsReceived, l => l.Name == "gatehouse.access");
        Assert.Equal(2, collector.SpansReceived.Count);
    }

    /// <summary>How many records are counted as lost; -1 where the page says nothing of them.</summary>
    private static async Task<int> LostAsync(Watched watched, string signal, string reason)
    {
        var found = Regex.Match(
            await MetricsAsync(watched), $$"""gatehouse_telemetry_lost_total\{[^}]*reason="{{reason}}",signal="{{signal}}"[^}]*\} (\d+)""");
        return found.Success ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : -1;
    }

    private static Task<string> MetricsAsync(Watched watched) => watched.Gateway.Administration.GetStringAsync("/metrics", Cancel);
}
