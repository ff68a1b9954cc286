using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>What a service receives and what a client gets back when all goes well.</summary>
public sealed class PassingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Control("NRM-1")]
    [Theory]
    [InlineData("/orders/17")]
    [InlineData("/orders/17?a=1&b=%20&c=a+b&&d")]
    [InlineData("/a%2Fb/%E2%82%AC/%25/x%3Fy?q=%2e%2e%2f")]
    [InlineData("/a;v=1,2/$!*'()@:=&/~_-.")]
    [InlineData("//double//slash/")]
    [InlineData("/a/../b/./c")]
    [InlineData("/?")]
    [InlineData("/?x={y}|\\^`<>\"[]")]
    [InlineData("/%41%7e?%41")]
    public async Task Sends_the_target_byte_for_byte(string target)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync(target);

        Assert.Equal(200, response.Status);
        Assert.Equal(target, Assert.Single(upstream.Requests).Target);
    }

    [Fact]
    public async Task Sends_the_forwarded_path_where_a_policy_has_set_one()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), forwardedPath: "/v1/orders%2F17");

        await host.GetAsync("/orders%2F17?x=1");

        Assert.Equal("/v1/orders%2F17?x=1", Assert.Single(upstream.Requests).Target);
    }

    [Fact]
    public async Task Says_what_it_knows_of_the_client_and_nothing_that_the_client_said_of_itself()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        await host.GetAsync("/", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.2.3.4\r\nX-Request-Id: mine\r\nVia: 1.0 other\r\n");

        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("127.0.0.1", seen.Header("X-Forwarded-For"));
        Assert.Equal("http", seen.Header("X-Forwarded-Proto"));
        Assert.Equal("shop.example", seen.Header("X-Forwarded-Host"));
        Assert.Null(seen.Header("Forwarded"));
        Assert.Equal("01TESTREQUEST", seen.Header("X-Request-Id"));
        Assert.Equal("1.1 gh-of-a-test", seen.Header("Via"));
        Assert.Equal($"127.0.0.1:{upstream.Port}", seen.Header("Host"));
    }

    [Fact]
    public async Task Leaves_fields_of_the_connection_behind_in_both_directions()
    {
        await using var upstream = RawUpstream.Answering(
            "HTTP/1.1 200 OK\r\nConnection: close, X-Secret-Hop\r\nX-Secret-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok");
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync(
            "/", "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Authorization: Basic eDp5\r\nTE: gzip\r\nX-Kept: 1\r\n");

        var head = await upstream.NextHeadAsync(Cancel);
        Assert.Contains("X-Kept: 1", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Keep-Alive", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Proxy-Authorization", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("TE:", head, StringComparison.Ordinal);
        Assert.Equal("1", response.Header("X-Kept"));
        Assert.Null(response.Header("X-Secret-Hop"));
        Assert.Null(response.Header("Keep-Alive"));
        Assert.Null(response.Header("Proxy-Authenticate"));
    }

    [Fact]
    public async Task Passes_trace_context_and_text_beyond_ASCII_unchanged()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        await host.GetAsync("/", $"traceparent: {trace}\r\ntracestate: a=1\r\nX-Name: M\u00c3\u00bcller\r\n"); // Müller in UTF-8, written as Latin-1

        var seen = Assert.Single(upstream.Requests);
        Assert.Equal(trace, seen.Header("traceparent"));
        Assert.Equal("a=1", seen.Header("tracestate"));
        Assert.Equal("Müller", seen.Header("X-Name"));
    }

    [Fact]
    public async Task Passes_the_answer_and_records_how_it_went()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On(
            "/orders/17", 418, "{\"id\":17}", ("Content-Type", "application/json"), ("X-Twice", "a"), ("X-Twice", "b"), ("X-Request-Id", "theirs"));
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync("/orders/17");

        Assert.Equal(418, response.Status);
        Assert.Equal("{\"id\":17}", response.Text);
        Assert.Equal(2, response.Headers.Count(h => h.Name == "X-Twice"));
        Assert.Equal("01TESTREQUEST", Assert.Single(response.Headers, h => h.Name.Equals("X-Request-Id", StringComparison.OrdinalIgnoreCase)).Value);
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal(418, exchange.Status);
        Assert.Equal(9, exchange.ResponseBytes);
        Assert.Null(exchange.Problem);
        Assert.Equal($"http://127.0.0.1:{upstream.Port}", exchange.Forward.Destination);
        Assert.True(exchange.Forward.BeganAt > 0 && exchange.Forward.BeganAt <= exchange.Forward.HeadAt
            && exchange.Forward.HeadAt <= exchange.Forward.EndedAt);
    }

    [Control("RES-7")]
    [Theory]
    [InlineData("http://internal.example/secret", "http://internal.example/secret")]
    [InlineData("/elsewhere", "/elsewhere")]
    [InlineData("{destination}/elsewhere?x=1", "/elsewhere?x=1")]
    [InlineData("{destination}", "/")]
    [InlineData("{destination}0/x", "{destination}0/x")]
    public async Task Follows_no_redirect_and_hides_the_destination_in_it(string location, string expected)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var destination = $"http://127.0.0.1:{upstream.Port}";
        upstream.On("/old", 302, "", ("Location", location.Replace("{destination}", destination, StringComparison.Ordinal)));
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync("/old");

        Assert.Equal(302, response.Status);
        Assert.Equal(expected.Replace("{destination}", destination, StringComparison.Ordinal), response.Header("Location"));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Keeps_no_cookies_and_unpacks_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/", 200, "not really gzip", ("Set-Cookie", "a=1"), ("Content-Encoding", "gzip"));
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync("/");
        await host.GetAsync("/");

        Assert.Equal("not really gzip", response.Text);
        Assert.Equal("gzip", response.Header("Content-Encoding"));
        Assert.Equal("a=1", response.Header("Set-Cookie"));
        Assert.Null(upstream.Requests[1].Header("Cookie"));
    }

    [Fact]
    public async Task Keeps_connections_to_the_service_open()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        for (var i = 0; i < 5; i++) await host.GetAsync("/");

        Assert.Equal(5, upstream.Requests.Count);
        Assert.Equal(1, upstream.Connections);
    }

    [Fact]
    public async Task Sends_bodies_of_known_and_of_unknown_length()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        await RawHttpClient.ExchangeAsync(host.Port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
        await RawHttpClient.ExchangeAsync(host.Port, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        await RawHttpClient.ExchangeAsync(host.Port, "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");

        Assert.Equal("hello"u8, upstream.Requests[0].Body);
        Assert.Equal("5", upstream.Requests[0].Header("Content-Length"));
        Assert.Equal("hello"u8, upstream.Requests[1].Body);
        Assert.Null(upstream.Requests[1].Header("Content-Length"));
        Assert.Empty(upstream.Requests[2].Body);
        Assert.Null(upstream.Requests[2].Header("Transfer-Encoding"));
    }

    [Fact]
    public async Task Answers_an_expectation_itself_and_sends_the_body()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        var goOn = await client.ReadResponseAsync();
        await client.SendAsync("hello");
        var response = await client.ReadResponseAsync();

        Assert.Equal(100, goOn.Status);
        Assert.Equal(200, response.Status);
        Assert.Null(Assert.Single(upstream.Requests).Header("Expect"));
    }

    [Fact]
    public async Task Answers_HEAD_and_304_without_a_body()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/page", http =>
        {
            http.Response.ContentLength = 4711;
            return Task.CompletedTask;
        });
        upstream.On("/same", StatusCodes.Status304NotModified, "", ("ETag", "\"1\""));
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var head = await RawHttpClient.ExchangeAsync(host.Port, "HEAD /page HTTP/1.1\r\nHost: h\r\n\r\n", head: true);
        var same = await host.GetAsync("/same");

        Assert.Equal("4711", head.Header("Content-Length"));
        Assert.Equal(304, same.Status);
        Assert.Equal("\"1\"", same.Header("ETag"));
        Assert.Equal(0, (await host.EndedAsync(Cancel)).ResponseBytes);
    }
}
