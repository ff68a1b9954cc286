using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>What becomes of an exchange when the service, the network or the client fails.</summary>
public sealed class FailureTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(2); // where something has to come before

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tries_the_next_destination_when_one_cannot_be_connected_to()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(RawUpstream.Refusing(), RawUpstream.Refusing(), upstream.Address);

        var get = await host.GetAsync("/");
        var post = await RawHttpClient.ExchangeAsync(host.Port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");

        Assert.Equal(200, get.Status);
        Assert.Equal(200, post.Status);
        Assert.Equal("hello"u8, upstream.Requests[1].Body);
        Assert.Equal($"http://127.0.0.1:{upstream.Port}", (await host.EndedAsync(Cancel)).Forward.Destination);
    }

    [Fact]
    public async Task Tries_no_other_destination_once_a_request_was_sent()
    {
        await using var broken = RawUpstream.Answering("");
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(broken.Address, upstream.Address);

        var response = await host.GetAsync("/");

        Assert.Equal(502, response.Status);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    [Control("AVL-3", "a backend")]
    public async Task Answers_502_when_no_destination_can_be_connected_to()
    {
        await using var host = await ForwardingHost.StartAsync(RawUpstream.Refusing(), RawUpstream.Refusing());

        await AssertRefusedAsync(host, await host.GetAsync("/"), Problems.UpstreamFailed, "no destination could be connected to");
    }

    [Fact]
    public async Task Answers_503_when_there_is_no_destination()
    {
        await using var host = await ForwardingHost.StartAsync();

        await AssertRefusedAsync(host, await host.GetAsync("/"), Problems.UpstreamUnavailable, "the upstream has no destination");
    }

    [Control("SMG-12")]
    [Theory]
    [InlineData("this is not HTTP\r\n\r\n")]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok")]
    [InlineData("HTTP/1.1 000 Nothing\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 099 Nothing\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 600 Beyond\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    public async Task Answers_502_to_what_is_not_a_proper_answer(string answer)
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        var response = await host.GetAsync("/");

        await AssertRefusedAsync(host, response, Problems.UpstreamFailed, null);
        Assert.Single(response.Headers, h => h.Name == "Content-Length");
    }

    [Control("SMG-12")]
    [Fact]
    public async Task Never_gives_bytes_beyond_an_answer_to_the_next_exchange()
    {
        const string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
        await using var upstream = RawUpstream.Start(async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
                await connection.WriteAsync(answer + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra");
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        for (var i = 0; i < 5; i++) Assert.Equal("first", (await host.GetAsync("/")).Text);
        Assert.Equal(5, upstream.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")]
    public async Task Cuts_the_connection_when_an_answer_breaks_off(string answer)
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        await Assert.ThrowsAsync<EndOfStreamException>(() => host.GetAsync("/"));

        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal(200, exchange.Status);
        Assert.Equal(4, exchange.ResponseBytes);
        Assert.Equal(Problems.UpstreamFailed, exchange.Problem);
        Assert.Equal("the response broke off", exchange.Reason);
    }

    [Control("RES-1")]
    [Fact]
    public async Task Waits_for_the_head_as_long_as_declared()
    {
        var clock = new FakeTimeProvider();
        await using var upstream = RawUpstream.Silent();
        await using var host =
            await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), clock, deadline: TimeSpan.FromSeconds(60));

        var answering = host.GetAsync("/");
        await upstream.NextHeadAsync(Cancel);
        clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(answering.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.1));

        await AssertRefusedAsync(host, await answering, Problems.UpstreamTimeout, "no response head in time");
    }

    [Control("RES-1")]
    [Fact]
    public async Task Waits_for_the_head_from_the_end_of_the_request()
    {
        var clock = new FakeTimeProvider();
        var slow = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(_ => slow.Task);
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), clock);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
        clock.Advance(TimeSpan.FromSeconds(300)); // an upload may last
        await client.SendAsync("world");
        await upstream.NextAsync(Cancel);
        clock.Advance(TimeSpan.FromSeconds(30));

        await AssertRefusedAsync(host, await client.ReadResponseAsync(), Problems.UpstreamTimeout, "no response head in time");
        slow.SetResult();
    }

    [Control("RES-1")]
    [Fact]
    public async Task Ends_the_exchange_at_its_deadline_before_the_answer()
    {
        var clock = new FakeTimeProvider();
        await using var upstream = RawUpstream.Silent();
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), clock, deadline: TimeSpan.FromSeconds(7));

        var answering = host.GetAsync("/");
        await upstream.NextHeadAsync(Cancel);
        clock.Advance(TimeSpan.FromSeconds(7));

        await AssertRefusedAsync(host, await answering, Problems.DeadlineExceeded, "the route's deadline has passed");
    }

    [Control("RES-1")]
    [Fact]
    public async Task Ends_the_exchange_at_its_deadline_within_the_answer()
    {
        var clock = new FakeTimeProvider();
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
            await connection.ReadToEndAsync();
        });
        await using var host =
            await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), clock, deadline: TimeSpan.FromSeconds(60));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.ReadHeadAsync();
        Assert.Equal("half", Encoding.ASCII.GetString(await client.ReadBytesAsync(4)));
        clock.Advance(TimeSpan.FromSeconds(31)); // the head is there: its time no longer counts
        clock.Advance(TimeSpan.FromSeconds(29));

        Assert.True(await client.ClosesAsync());
        Assert.Equal(Problems.DeadlineExceeded, (await host.EndedAsync(Cancel)).Problem);
    }

    [Control("RES-1")]
    [Fact]
    public async Task Ends_an_answer_that_falls_silent()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
            await connection.ReadToEndAsync();
        });
        await using var host = await ForwardingHost.StartAsync(With(upstream.Address, new UpstreamTimeouts(TimeSpan.FromSeconds(5), Long, Long)));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReadResponseAsync());
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal("silent for longer than the idle timeout", exchange.Reason);
        Assert.Equal(Problems.UpstreamTimeout, exchange.Problem);
    }

    [Control("RES-1")]
    [Fact]
    public async Task Waits_for_a_connection_as_long_as_declared()
    {
        await using var upstream = RawUpstream.Silent(); // accepts, and never answers the TLS handshake
        var address = new UriBuilder(upstream.Address) { Scheme = "https" }.Uri;
        await using var host =
            await ForwardingHost.StartAsync(With(address, new UpstreamTimeouts(Short, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30))));

        await AssertRefusedAsync(host, await host.GetAsync("/"), Problems.UpstreamTimeout, "no connection in time");
    }

    [Control("RES-6")]
    [Fact]
    public async Task Cancels_the_call_when_the_client_leaves_before_the_answer()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        var received = await upstream.NextAsync(Cancel);
        client.Reset();

        await AbortOfAsync(received);
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal("client left", exchange.Reason);
        Assert.Equal(499, exchange.Status);
        Assert.Null(exchange.Problem);
    }

    [Control("RES-6")]
    [Fact]
    public async Task Cancels_the_call_when_the_client_leaves_within_the_answer()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(async http =>
        {
            await http.Response.WriteAsync("first");
            await http.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.ReadHeadAsync();
        client.Reset();

        await AbortOfAsync(await upstream.NextAsync(Cancel));
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal("client left", exchange.Reason);
        Assert.Equal(200, exchange.Status);
    }

    [Fact]
    public async Task Answers_408_when_the_client_stops_sending()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(With(upstream.Address, new UpstreamTimeouts(TimeSpan.FromSeconds(5), Short, Short)));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nonly the beginning");

        await AssertRefusedAsync(
            host, await client.ReadResponseAsync(), Problems.RequestTimeout, "the client sent nothing for longer than the idle timeout");
    }

    [Fact]
    public async Task Answers_with_what_a_policy_found_wrong_with_the_body()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host =
            await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), policies: new Finds(Problems.BodyTooLarge));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");

        await AssertRefusedAsync(host, await client.ReadResponseAsync(), Problems.BodyTooLarge, "the body could not be read to its end");
    }

    [Fact]
    public async Task Answers_500_and_nothing_of_the_service_when_a_policy_throws_at_the_response()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/", 200, "secret", ("X-Of-The-Service", "1"));
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), policies: new Throws());

        var response = await host.GetAsync("/");

        await AssertRefusedAsync(host, response, Problems.InternalError, "a policy threw at the response", decidedBy: "throws");
        Assert.Null(response.Header("X-Of-The-Service"));
    }

    [Fact]
    public async Task Counts_exchanges_in_flight_however_they_end()
    {
        var refusing = RawUpstream.Refusing();
        await using var upstream = await FakeUpstream.StartAsync();
        var answering = new TaskCompletionSource();
        upstream.Otherwise(_ => answering.Task);
        await using var host = await ForwardingHost.StartAsync(refusing, upstream.Address);

        var response = host.GetAsync("/");
        await upstream.NextAsync(Cancel);

        Assert.Equal(0, host.InFlight(refusing));
        Assert.Equal(1, host.InFlight(upstream.Address));
        answering.SetException(new InvalidOperationException("the service fails"));
        await response;
        await host.EndedAsync(Cancel);
        Assert.Equal(0, host.InFlight(upstream.Address));
    }

    private static Upstream With(Uri destination, UpstreamTimeouts timeouts) => ForwardingHost.UpstreamOf(destination) with { Timeouts = timeouts };

    private static async Task AssertRefusedAsync(
        ForwardingHost host, RawResponse response, Problem problem, string? reason, string decidedBy = "forward")
    {
        Assert.Equal(problem.Status, response.Status);
        Assert.Contains(problem.Type, response.Text, StringComparison.Ordinal);
        Assert.Equal("01TESTREQUEST", response.Header("X-Request-Id"));
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal(problem, exchange.Problem);
        Assert.Equal(problem.Status, exchange.Status);
        Assert.Equal(decidedBy, exchange.DecidedBy);
        if (reason is not null) Assert.Equal(reason, exchange.Reason);
    }

    private static async Task AbortOfAsync(ReceivedRequest received)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = received.Aborted.Register(aborted.SetResult);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
    }

    private sealed class Throws : Policy
    {
        public override string Name => "throws";

        public override void OnResponse(Exchange exchange) => throw new InvalidOperationException("this policy always throws");
    }

    /// <summary>Has found something wrong with the body by the time that forwarding fails.</summary>
    private sealed class Finds(Problem problem) : Policy
    {
        public override string Name => "finds";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            exchange.BodyProblem = problem;
            return new(Verdict.Continue);
        }
    }
}
