using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>A service that does not keep to HTTP, or means harm: it can spoil its own answer, and nobody else's.</summary>
public sealed partial class HostileBackendTests
{
    private const string Next = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Unanswerable => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", Field },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", Field },
        { "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", Field },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok", Field },
        { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", Field },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok", "the response's Transfer-Encoding is not exactly chunked" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n", Chunks },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nok\r\n0\r\n\r\n", Chunks },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nok\r\n0\r\n\r\n", Chunks },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok", Chunks },
        { "HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "200 OK\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "SSH-2.0-OpenSSH_9.6\r\n", NotHttp },
        { "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", NotHttp },
        { "HTTP/1.1 200 OK\r\nBad Name: 1\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "HTTP/1.1 200 OK\r\n: empty\r\nContent-Length: 0\r\n\r\n", NotHttp },
        { "HTTP/1.1 200 OK\r\nX-A: " + new string('a', 70_000) + "\r\nContent-Length: 0\r\n\r\n", TooLarge },
        { "HTTP/1.1 200 OK\r\n" + Repeat("X-A: a\r\n", 10_000) + "Content-Length: 0\r\n\r\n", TooLarge },
        { Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 5_000) + Next, TooLarge },
        { Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5_000) + Next, TooLarge },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=" + new string('a', 70_000) + "\r\nok\r\n0\r\n\r\n", "the response broke off" },
        { "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "the service changed to a protocol that nobody asked for" },
        { "HTTP/1.1 101 Switching Protocols\r\n\r\n", "the service changed to a protocol that nobody asked for" },
        { "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "the service changed the protocol without being asked" },
        { "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "the response has a body where none may be" },
        { "HTTP/1.1 205 Reset Content\r\nConnection: close\r\n\r\nhello", "the response has a body where none may be" },
    };

    /// <summary>What is refused although its end was read: nothing is left of it, and the connection may serve again.</summary>
    public static TheoryData<string, string> Ended => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "the response says its length twice" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", Field },
        { "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "the response has a Transfer-Encoding in a version that has none" },
        { "HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n", "the response's status is none of HTTP" },
        { "HTTP/1.1 200 OK\r\nX-A: a\u001b[31m\r\nContent-Length: 0\r\n\r\n", Field },
    };

    private static string Field => "the response has a header field that cannot be passed on";

    private static string NotHttp => "the response is not HTTP";

    private static string Chunks => "the response's chunks or trailers are malformed";

    private static string TooLarge => "the response's head is too large";

    [Theory]
    [Control("SMG-12")]
    [MemberData(nameof(Unanswerable))]
    public async Task Answers_502_says_why_in_the_log_and_never_uses_the_connection_again(string answer, string reason)
    {
        await using var upstream = FirstThenProper(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        await AssertRefusedAsync(host, reason);
        Assert.Equal("next", (await host.GetAsync("/")).Text);
        Assert.Equal(2, upstream.Connections);
    }

    [Theory]
    [Control("SMG-12")]
    [MemberData(nameof(Ended))]
    public async Task Answers_502_to_what_is_ambiguous_although_its_end_was_read(string answer, string reason)
    {
        await using var upstream = FirstThenProper(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        await AssertRefusedAsync(host, reason);
        Assert.Equal("next", (await host.GetAsync("/")).Text);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nX-A: a\nContent-Length: 2\n\nok", "a")] // a bare LF ends a line
    [InlineData("HTTP/1.1 200 OK\r\nX-A : a\r\nContent-Length: 2\r\n\r\nok", "a")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok", "a   b")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok", "a b")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok", "a X-B: b")]
    public async Task Writes_anew_what_is_read_leniently(string answer, string field) // decision 0022 says so
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        var all = Encoding.Latin1.GetString(await client.ReadToEndAsync());

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", all, StringComparison.Ordinal);
        Assert.Contains($"\r\nX-A: {field}\r\n", all, StringComparison.Ordinal);
        Assert.DoesNotContain('\0', all);
        Assert.DoesNotMatch("[^\r]\n|\r[^\n]", all);
    }

    [Theory]
    [Control("SMG-12")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", "the response's chunks or trailers are malformed")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nno colon\r\n\r\n", "the response's chunks or trailers are malformed")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfXX5\r\nhello\r\n0\r\n\r\n", "the response's chunks or trailers are malformed")]
    public async Task Cuts_the_client_when_the_answer_goes_wrong_after_it_has_begun(string answer, string reason)
    {
        await using var upstream = FirstThenProper(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        try
        {
            var response = await host.GetAsync("/");
            Assert.Equal(502, response.Status); // nothing was sent yet: both chunks came in one piece
        }
        catch (EndOfStreamException)
        {
            // cut
        }

        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal((Problems.UpstreamFailed, reason), (exchange.Problem, exchange.Reason));
        Assert.Equal("next", (await host.GetAsync("/")).Text);
        Assert.Equal(2, upstream.Connections);
    }

    [Theory]
    [Control("SMG-12")]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-A: a\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: ", "aaaaaaaaaaaaaaaa")]
    [InlineData("", "HTTP/1.1 103 Early Hints\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: a\r\n")]
    public async Task What_never_ends_is_ended(string beginning, string again)
    {
        var sent = 0L;
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(beginning);
            for (var many = Repeat(again, 1_000); ; Interlocked.Add(ref sent, many.Length)) await connection.WriteAsync(many);
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        Assert.Equal(502, (await host.GetAsync("/")).Status);

        Assert.Equal(Problems.UpstreamFailed, (await host.EndedAsync(Cancel)).Problem);
        Assert.InRange(Interlocked.Read(ref sent), 0, 16 << 20); // what fits into the buffers of two sockets, and no more
    }

    [Fact]
    [Control("SMG-12")]
    public async Task What_trickles_is_ended_with_the_time_for_the_head()
    {
        var clock = new FakeTimeProvider();
        var hinted = new TaskCompletionSource();
        await using var upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            for (var i = 0; i < 20; i++) await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            hinted.SetResult();
            await connection.ReadToEndAsync();
        });
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), clock);

        var answering = host.GetAsync("/");
        await hinted.Task.WaitAsync(Patience.Limit, Cancel);
        clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(504, (await answering).Status);
        Assert.Equal((Problems.UpstreamTimeout, "no response head in time"), await EndAsync(host));
    }

    [Theory]
    [Control("SMG-12")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")] // whole, and the body was not wanted
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra")]
    public async Task An_answer_before_the_requests_end_spoils_nobody_elses(string answer)
    {
        await using var upstream = FirstThenProper(answer);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
        await upstream.NextHeadAsync(Cancel);
        await client.SendAsync("world");
        var response = await client.ReadResponseAsync();

        Assert.Equal((200, "ok"), (response.Status, response.Text));
        for (var i = 0; i < 3; i++) Assert.Equal("next", (await host.GetAsync("/")).Text);
    }

    [Fact]
    [Control("SMG-12")]
    public async Task No_byte_of_one_answer_reaches_another_client()
    {
        var turn = 0;
        await using var upstream = RawUpstream.Start(async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var marker = Marker().Match(head).Value;
                var way = Ways[Interlocked.Increment(ref turn) % Ways.Length];
                await connection.WriteAsync(way(marker));
            }
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);

        // in turn over what would be one connection, then at once
        for (var i = 0; i < 3 * Ways.Length; i++) await CallAsync(host, i);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
        {
            for (var i = 0; i < 2 * Ways.Length; i++) await CallAsync(host, 1_000 * (client + 1) + i);
        }));

        Assert.True(upstream.Connections > 1);
    }

    /// <summary>How the service answers in its turn: each carries the marker of the request that it was sent, and of no other.</summary>
    private static readonly Func<string, string>[] Ways =
    [
        m => $"HTTP/1.1 200 OK\r\nX-M: {m}\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nContent-Length: {m.Length}\r\n\r\n{m}HTTP/1.1 200 OK\r\nX-M: {m}\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{m}{m}",
        m => $"HTTP/1.1 200 OK\r\nX-M: {m}\r\nContent-Length: 0\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nX-M: {m}\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"HTTP/1.1 204 No Content\r\nX-M: {m}\r\n\r\n{m}",
        m => $"HTTP/1.1 304 Not Modified\r\nX-M: {m}\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{m.Length:x}\r\n{m}\r\n0\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{m.Length:x}\r\n{m}\r\n0\r\nX-M: {m}\r\n\r\n",
        m => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{m.Length:x}\r\n{m}\r\nzz\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nX-M: {m}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{m}",
        m => $"HTTP/1.1 103 Early Hints\r\nX-M: {m}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"HTTP/1.1 101 Switching Protocols\r\nX-M: {m}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{m}",
        m => $"HTTP/1.1 200 OK\r\nX-M: {m}\0\r\nContent-Length: {m.Length}\r\n\r\n{m}",
        m => $"not HTTP {m}\r\n\r\n",
        m => $"HTTP/1.1 500 {m}\r\nX-M: {m}\r\nContent-Length: {m.Length}\r\n\r\n{m}",
    ];

    private static async Task AssertRefusedAsync(ForwardingHost host, string reason)
    {
        var response = await host.GetAsync("/");
        Assert.Equal(502, response.Status);
        Assert.Contains(Problems.UpstreamFailed.Type, response.Text, StringComparison.Ordinal);
        Assert.Null(response.Header("X-A"));
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal((Problems.UpstreamFailed, reason, "forward"), (exchange.Problem, exchange.Reason, exchange.DecidedBy));
    }

    private static async Task<(Problem?, string?)> EndAsync(ForwardingHost host)
    {
        var exchange = await host.EndedAsync(Cancel);
        return (exchange.Problem, exchange.Reason);
    }

    private static async Task CallAsync(ForwardingHost host, int number)
    {
        var marker = string.Create(CultureInfo.InvariantCulture, $"m-{number}-m");
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        await client.SendAsync($"GET /{marker} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        var all = Encoding.Latin1.GetString(await client.ReadToEndAsync());
        Assert.All(Marker().Matches(all), m => Assert.Equal(marker, m.Value));
    }

    /// <summary>The first request is answered like this and its connection left open; the others properly.</summary>
    private static RawUpstream FirstThenProper(string answer)
    {
        var first = true;
        return RawUpstream.Start(async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
            {
                var text = first ? answer : Next;
                first = false;
                await connection.WriteAsync(text);
            }
        });
    }

    private static string Repeat(string text, int times) => new StringBuilder().Insert(0, text, times).ToString();

    [GeneratedRegex("m-[0-9]+-m")]
    private static partial Regex Marker();
}
