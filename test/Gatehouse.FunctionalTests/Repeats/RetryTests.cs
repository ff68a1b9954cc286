using System.Net;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>Calls that fail and are sent again: which, how often, and with what.</summary>
public sealed class RetryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sends_a_read_again_to_another_destination_as_the_same_request()
    {
        await using var failing = await FailingAsync();
        await using var well = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address, well.Address));

        Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/read?a=b", Cancel));

        var (first, second) = (Assert.Single(failing.Requests), Assert.Single(well.Requests));
        Assert.Equal((first.Target, first.Header("X-Request-Id")), (second.Target, second.Header("X-Request-Id")));
        var line = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(2, (int)line["attempts"]!);
        Assert.Equal(200, (int)line["status"]!);
        Assert.Null(line["upstreamStatus"]);
        Assert.Equal($"http://127.0.0.1:{well.Port}", (string?)line["destination"]);
        Assert.Equal(1, await Counted.OfAsync(gateway, "gatehouse_retries_total", "things", "unavailable", Cancel));
    }

    [Control("RES-3")]
    [Theory]
    [InlineData("GET", "/read", "", 2)]
    [InlineData("GET", "/off", "", 1)]
    [InlineData("POST", "/search", "", 2)] // a read, of which nothing was streamed
    [InlineData("POST", "/search", "what is sought", 1)] // what was streamed is gone
    [InlineData("PUT", "/write", "a whole body", 2)]
    [InlineData("PUT", "/stream", "a streamed body", 1)]
    [InlineData("POST", "/write", "a whole body", 1)]
    [InlineData("POST", "/key", "a whole body", 1)]
    [InlineData("PUT", "/act", "a whole body", 1)]
    [InlineData("POST", "/act-key", "a whole body", 1)]
    public async Task Sends_again_only_what_does_no_harm_twice(string method, string path, string body, int expected)
    {
        await using var failing = await FailingAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address));

        using var response = await SendAsync(gateway, method, path, body);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(expected, failing.Requests.Count);
    }

    [Control("RES-3")]
    [Theory]
    [InlineData("POST", "/key")]
    [InlineData("POST", "/act-key")]
    public async Task Sends_a_change_again_that_carries_the_key_its_route_names(string method, string path)
    {
        await using var failing = await FailingAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address));

        (await SendAsync(gateway, method, path, "pay", ("Idempotency-Key", "a1"))).Dispose();
        Assert.Equal(["a1", "a1"], failing.Requests.Select(r => r.Header("Idempotency-Key")));
        (await SendAsync(gateway, method, path, "pay", ("Idempotency-Key", ""))).Dispose();
        await RawHttpClient.ExchangeAsync(
            gateway.AddressOf("edge").Port,
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: a1\r\nIdempotency-Key: a2\r\nContent-Length: 3\r\n\r\npay");
        Assert.Equal(4, failing.Requests.Count);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(300_000)] // in a spool file
    public async Task Sends_the_whole_body_again(int length)
    {
        await using var failing = await FailingAsync();
        await using var well = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address, well.Address));

        using var response = await SendAsync(gateway, "PUT", "/write", new string('x', length));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(length, Assert.Single(failing.Requests).Body.Length);
        Assert.Equal(failing.Requests[0].Body, Assert.Single(well.Requests).Body);
    }

    [Fact]
    public async Task Sends_the_whole_body_again_when_the_connection_broke_within_it()
    {
        await using var broken = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            connection.Reset();
        });
        await using var well = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(broken.Address, well.Address));

        using var response = await SendAsync(gateway, "PUT", "/write", new string('x', 900_000));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(900_000, Assert.Single(well.Requests).Body.Length);
    }

    [Fact]
    public async Task Sends_again_what_was_cut_off_before_the_head_and_nothing_after_it()
    {
        await using var before = RawUpstream.Answering("");
        await using var after = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        await using var well = await FakeUpstream.StartAsync();

        await using (var gateway = await TestGateway.StartAsync(new SentTwice(before.Address, well.Address)))
            Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/read", Cancel));
        await using (var gateway = await TestGateway.StartAsync(new SentTwice(after.Address, well.Address)))
            await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Client("edge").GetStringAsync("/read", Cancel));

        Assert.Single(well.Requests);
    }

    [Theory]
    [InlineData("timeout", 200, 1)]
    [InlineData("reset", 504, 0)]
    public async Task Sends_again_after_silence_only_where_that_is_declared(string cause, int status, int expected)
    {
        await using var silent = RawUpstream.Silent();
        await using var well = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(silent.Address, well.Address)
        {
            Upstream = $"timeouts: {{ head: 1s }}, retries: {{ when: [{cause}], backoff: 1ms }}",
        });

        using var response = await SendAsync(gateway, "GET", "/read", "");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(expected, well.Requests.Count);
    }

    [Control("RES-3", "the share of further attempts")]
    [Fact]
    public async Task Adds_at_most_the_declared_share_to_what_a_failing_service_gets()
    {
        const int calls = 400;
        await using var failing = await FailingAsync();
        await using var other = await FailingAsync();
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address, other.Address)
        {
            Upstream = "retries: { attempts: 3, budget: 10%, backoff: 1ms }",
        });
        var client = gateway.Client("edge");
        var began = TimeProvider.System.GetTimestamp();

        for (var i = 0; i < calls; i++) (await client.GetAsync(new Uri("/read", UriKind.Relative), Cancel)).Dispose();

        var windows = 1 + (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(began).TotalSeconds / 9); // each has a few of its own
        var sent = failing.Requests.Count + other.Requests.Count;
        Assert.InRange(sent, calls + (calls / 20), calls + (calls / 10) + (windows * RetryBudget.Always));
        Assert.InRange(await Counted.OfAsync(gateway, "gatehouse_retries_withheld_total", "things", "budget", Cancel), calls / 2, 2 * calls);
    }

    [Theory]
    [InlineData("60", 1)]
    [InlineData("soon", 1)]
    [InlineData("0", 2)]
    public async Task Waits_as_long_as_the_service_asks_or_leaves_it(string retryAfter, int expected)
    {
        await using var failing = await FakeUpstream.StartAsync();
        failing.On("/read", 503, "", ("Retry-After", retryAfter));
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address));

        using var response = await SendAsync(gateway, "GET", "/read", "");

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal(expected, failing.Requests.Count);
        Assert.Equal([retryAfter], response.Headers.NonValidated["Retry-After"]);
    }

    [Fact]
    public async Task Never_waits_beyond_the_deadline()
    {
        await using var failing = await FakeUpstream.StartAsync();
        failing.On("/read", 503, "", ("Retry-After", "1"));
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address) { Each = "deadline: 1s" });

        using var response = await SendAsync(gateway, "GET", "/read", "");

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Single(failing.Requests);
        Assert.Equal(1, await Counted.OfAsync(gateway, "gatehouse_retries_withheld_total", "things", "deadline", Cancel));
    }

    [Fact]
    public async Task Sends_no_more_when_all_attempts_are_used_and_passes_on_the_last_answer()
    {
        await using var failing = await FakeUpstream.StartAsync();
        var answers = 0;
        failing.On("/read", http =>
        {
            http.Response.StatusCode = 503;
            http.Response.Headers["X-Answer"] = $"{Interlocked.Increment(ref answers)}";
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(new SentTwice(failing.Address)
        {
            Upstream = "retries: { attempts: 3, backoff: 1ms }",
        });

        using var response = await SendAsync(gateway, "GET", "/read", "");

        Assert.Equal(["3"], response.Headers.GetValues("X-Answer"));
        Assert.Equal(3, failing.Requests.Count);
    }

    private static async Task<FakeUpstream> FailingAsync()
    {
        var failing = await FakeUpstream.StartAsync();
        return failing.Otherwise(static http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
    }

    private static async Task<HttpResponseMessage> SendAsync(
        TestGateway gateway, string method, string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body.Length > 0) request.Content = new StringContent(body);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await gateway.Client("edge").SendAsync(request, Cancel);
    }
}
