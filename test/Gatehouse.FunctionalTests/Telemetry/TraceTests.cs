using System.Net;
using Gatehouse.FunctionalTests.Repeats;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>Exchanges as a collector sees them, over real sockets.</summary>
public sealed class TraceTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string CallersSpan = "00f067aa0ba902b7";
    private const int Server = 2;
    private const int Client = 3;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-6")]
    public async Task A_trace_leads_from_the_caller_through_the_gateway_to_the_service()
    {
        await using var watched = await Watched.StartAsync();
        await GetAsync(watched, "/things/17?token=s3cret", ("traceparent", $"00-{Trace}-{CallersSpan}-01"), ("tracestate", "vendor=1"));
        var served = await watched.Collector.SpanAsync(s => s.Kind == Server, Cancel);
        var sent = await watched.Collector.SpanAsync(s => s.Kind == Client, Cancel);
        var told = (await watched.Upstream.NextAsync(Cancel)).Header("traceparent");
        Assert.Equal((Trace, CallersSpan), (served.Trace, served.Parent));
        Assert.Equal((Trace, served.Span), (sent.Trace, sent.Parent));
        Assert.Equal($"00-{Trace}-{sent.Span}-01", told);
        Assert.Equal("GET /things/{id}", served.Name);
        Assert.Equal(("/things/{id}", "things/get-thing"), (served["http.route"], served["gatehouse.route"]));
        Assert.Equal(("127.0.0.1", $"{watched.Upstream.Port}"), (sent["server.address"], sent["server.port"]));
        Assert.All([served, sent], s => Assert.Equal("200", s["http.response.status_code"]));
        Assert.True(served.Start <= sent.Start && sent.Start <= sent.End && sent.End <= served.End);
        Assert.False(served.IsError || sent.IsError);
        Assert.Equal("test", watched.Collector.Resources[0]["service.name"]);
    }

    [Theory]
    [InlineData("/nothing/of/the/kind?x=canary-4711", HttpStatusCode.NotFound, "not-found", "route")]
    [InlineData("/things/%2e%2e/canary-4711", HttpStatusCode.BadRequest, "malformed-request", "intake")]
    [Control("LOG-5", "refusals in traces")]
    public async Task A_refusal_has_a_span_whatever_is_sampled(string target, HttpStatusCode status, string problem, string decidedBy)
    {
        await using var watched = await Watched.StartAsync("traces: { sample: 0% }");
        await GetAsync(watched, "/things/17"); // served, and not sampled
        Assert.Equal((int)status, (await RawHttpClient.ExchangeAsync(watched.Gateway.AddressOf("edge").Port,
            $"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).Status);
        var span = await watched.Collector.SpanAsync(s => s.Kind == Server, Cancel);
        Assert.Equal((problem, decidedBy), (span["gatehouse.problem"], span["gatehouse.decided_by"]));
        Assert.Equal("GET", span.Name);
        Assert.Single(watched.Collector.SpansReceived);
        Assert.DoesNotContain("canary", string.Join(' ', span.Attributes.Values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_parser_refuses_has_a_span_and_its_line_names_it()
    {
        await using var watched = await Watched.StartAsync("traces: { sample: 0% }");
        await RawHttpClient.ExchangeAsync(watched.Gateway.AddressOf("edge").Port, "GET  /  HTTP/1.1\r\nno header field\r\n\r\n");
        var span = await watched.Collector.SpanAsync(s => s.Kind == Server, Cancel);
        var line = await watched.Gateway.AccessLog.WaitForAsync(r => (string?)r["decidedBy"] == "parser", Cancel);
        Assert.Equal((string?)line["traceId"], span.Trace);
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_an_error_in_both_spans()
    {
        await using var watched = await Watched.StartAsync("traces: { sample: 0% }");
        await watched.Upstream.DisposeAsync();
        await GetAsync(watched, "/things/17");
        var served = await watched.Collector.SpanAsync(s => s.Kind == Server, Cancel);
        var sent = await watched.Collector.SpanAsync(s => s.Kind == Client, Cancel);
        Assert.True(served.IsError && sent.IsError);
        Assert.Equal(("upstream-failed", "no connection"), (served["error.type"], sent["error.type"]));
    }

    [Theory]
    [InlineData("ignore", "01", false)]
    [InlineData("honour", "01", true)]
    [InlineData("honour", "00", false)]
    [Control("LOG-6", "sampling")]
    public async Task A_caller_decides_what_is_sampled_only_where_that_is_declared(string parent, string flags, bool sampled)
    {
        await using var watched = await Watched.StartAsync($"traces: {{ sample: 0%, parent: {parent} }}");
        await GetAsync(watched, "/things/17", ("traceparent", $"00-{Trace}-{CallersSpan}-{flags}"));
        await GetAsync(watched, "/nothing"); // its span comes after
        Assert.EndsWith(sampled ? "-01" : "-00", (await watched.Upstream.NextAsync(Cancel)).Header("traceparent"), StringComparison.Ordinal);
        await watched.Collector.SpanAsync(s => s["gatehouse.problem"] is not null, Cancel);
        Assert.Equal(sampled, watched.Collector.SpansReceived.Any(s => s["gatehouse.route"] is not null));
    }

    [Fact]
    [Control("LOG-2", "traces")]
    [Control("LOG-6", "hostile values")]
    public async Task Hostile_values_get_into_no_span_and_break_no_trace()
    {
        string[] parents =
        [
            "", "00-" + new string('0', 32) + "-" + CallersSpan + "-01", "<script>alert(1)</script>", new string('a', 4000),
            $"00-{Trace}-{CallersSpan}-01-canary",
        ];
        string[] states =
        [
            "canary", "=", "UPPER=1", new string('a', 300) + "=1", string.Join(',', Enumerable.Range(0, 40).Select(i => $"k{i}=1")), "a=1,a=2",
        ];
        await using var watched = await Watched.StartAsync();
        foreach (var parent in parents)
            await GetAsync(
                watched, "/things/canary-path?q=canary-query", ("traceparent", parent), ("tracestate", "canary=1"), ("baggage", "canary=baggage"));
        foreach (var state in states)
            await GetAsync(
                watched, "/things/canary-path", ("traceparent", $"00-{Trace}-{CallersSpan}-01"), ("tracestate", state), ("Cookie", "canary=1"));
        await Eventually.HoldsAsync(
            () => Task.FromResult(watched.Collector.SpansReceived.Count(s => s.Kind == Server) >= parents.Length + states.Length), Cancel);
        foreach (var span in watched.Collector.SpansReceived)
        {
            Assert.DoesNotContain("canary", span.Name + string.Join(' ', span.Attributes.Values), StringComparison.Ordinal);
            Assert.Matches("^[0-9a-f]{32} [0-9a-f]{16}$", $"{span.Trace} {span.Span}");
        }

        Assert.All(watched.Upstream.Requests, r => Assert.Null(r.Header("tracestate")));
    }

    [Fact]
    public async Task Each_attempt_has_a_span_of_its_own()
    {
        await using var watched = await Watched.StartAsync(
            change: d => d with { MoreOfUpstream = ", retries: { attempts: 2, backoff: 1ms }" });
        var calls = 0;
        watched.Upstream.On("/things/17", http =>
        {
            http.Response.StatusCode = Interlocked.Increment(ref calls) == 1 ? 503 : 200;
            return Task.CompletedTask;
        });
        await GetAsync(watched, "/things/17");
        await watched.Collector.SpanAsync(s => s is { Kind: Client } && s["http.request.resend_count"] == "1", Cancel);
        var sent = watched.Collector.SpansReceived.Where(s => s.Kind == Client).ToList();
        Assert.Equal(["503", "200"], sent.Select(s => s["http.response.status_code"]));
        Assert.Equal(watched.Upstream.Requests.Select(r => r.Header("traceparent")!.Split('-')[2]), sent.Select(s => s.Span));
    }

    /// <summary>Of two that were asked, both have spans, and each service was told its own.</summary>
    [Fact]
    public async Task The_one_that_is_cut_off_says_so()
    {
        await using var slow = await FakeUpstream.StartAsync();
        slow.Otherwise(static http =>
            Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default));
        await using var quick = await FakeUpstream.StartAsync();
        await using var collector = await FakeCollector.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(slow.Address, quick.Address)
        {
            Read = "hedge: { after: 20ms }",
            More = $$"""
                telemetry:
                  otlp: { endpoint: "{{collector.Address.GetLeftPart(UriPartial.Authority)}}", send: [traces] }
                  traces: { sample: 100% }
                """.ReplaceLineEndings("\n"),
        });
        await gateway.Client("edge").GetStringAsync("/read", Cancel);
        var lost = await collector.SpanAsync(s => s["error.type"] == "cut off", Cancel);
        var won = await collector.SpanAsync(s => s is { Kind: Client } && s["http.response.status_code"] == "200", Cancel);
        Assert.Contains(lost.Span, (await slow.NextAsync(Cancel)).Header("traceparent"), StringComparison.Ordinal);
        Assert.Contains(won.Span, (await quick.NextAsync(Cancel)).Header("traceparent"), StringComparison.Ordinal);
        Assert.Equal(lost.Parent, won.Parent);
    }

    private static async Task<HttpStatusCode> GetAsync(Watched watched, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await watched.Gateway.Client("edge").SendAsync(request, Cancel);
        return response.StatusCode;
    }
}
