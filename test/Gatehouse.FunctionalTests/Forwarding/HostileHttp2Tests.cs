using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using static Gatehouse.TestKit.FrameService;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>
/// A service of HTTP/2 that does not keep to it, or means harm, frame by frame. Its first connection does; all later ones are proper: whatever it
/// was, the next exchange is served.
/// </summary>
[Collection(nameof(ProcessMemory))]
public sealed class HostileHttp2Tests
{
    /// <summary>What it sends instead of its preface.</summary>
    private static readonly Dictionary<string, byte[]> Beginnings = new()
    {
        ["another version"] = [.. "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8],
        ["no settings"] = Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
        ["settings of a stream"] = Frame(Settings, 0, 1),
        ["half a setting"] = Frame(Settings, 0, 0, 0, 1, 0),
        ["a window that is too large"] = Frame(Settings, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff),
        ["a frame that is too long"] = [0xff, 0xff, 0xff, Settings, 0, 0, 0, 0, 0],
        ["nothing but an acknowledgement"] = Frame(Settings, 1, 0),
    };

    /// <summary>What it answers to its first request, before it waits for what comes.</summary>
    private static readonly Dictionary<string, Func<int, byte[]>> Answers = new()
    {
        ["reset"] = s => Frame(Reset, 0, s, 0, 0, 0, 2),
        ["push"] = s => Frame(PushPromise, EndHeaders, s, [0, 0, 0, 2, .. Request("/pushed")]),
        ["data before a head"] = s => Frame(Data, EndStream, s, 1),
        ["data of a stream that nobody opened"] = _ => Frame(Data, EndStream, 99, 1),
        ["a head of stream 0"] = _ => Head(0, EndStream),
        ["padding longer than its frame"] = s => [.. Head(s, 0), .. Frame(Data, 8, s, 200, 1)],
        ["a head that cannot be unpacked"] = s => Frame(Headers, EndHeaders | EndStream, s, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
        ["a window that flows over"] = _ =>
            [.. Frame(WindowUpdate, 0, 0, 0x7f, 0xff, 0xff, 0xff), .. Frame(WindowUpdate, 0, 0, 0x7f, 0xff, 0xff, 0xff)],
        ["a continuation of nothing"] = s => Frame(Continuation, EndHeaders, s, 0x88),
        ["another frame within a head"] = s => [.. Frame(Headers, 0, s, 0x88), .. Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)],
        ["no status"] = s => Frame(Headers, EndHeaders | EndStream, s, Literal("x", "1")),
        ["two statuses"] = s => Frame(Headers, EndHeaders | EndStream, s, 0x88, 0x88),
        ["a status that is none"] = s => Frame(Headers, EndHeaders | EndStream, s, Literal(":status", "abc")),
        ["a status of four digits"] = s => Frame(Headers, EndHeaders | EndStream, s, Literal(":status", "2000")),
        ["a status after other fields"] = s => Frame(Headers, EndHeaders | EndStream, s, [.. Literal("x", "1"), 0x88]),
        ["a path"] = s => Head(s, EndStream, (":path", "/")),
        ["an unknown pseudo field"] = s => Head(s, EndStream, (":x", "1")),
        ["a name with a blank"] = s => Head(s, EndStream, ("x y", "1")),
        ["a name with a line end"] = s => Head(s, EndStream, ("x\r\ny", "1")),
        ["no name"] = s => Head(s, EndStream, ("", "1")),
        ["a change of protocol"] = s => Frame(Headers, EndHeaders | EndStream, s, Literal(":status", "101")),
        ["connection"] = s => Head(s, EndStream, ("connection", "close")),
        ["keep-alive"] = s => Head(s, EndStream, ("keep-alive", "timeout=5")),
        ["proxy-connection"] = s => Head(s, EndStream, ("proxy-connection", "keep-alive")),
        ["transfer-encoding"] = s => Head(s, EndStream, ("transfer-encoding", "chunked")),
        ["upgrade"] = s => Head(s, EndStream, ("upgrade", "h2c")),
        ["a length that is none"] = s => [.. Head(s, 0, ("content-length", "x")), .. Frame(Data, EndStream, s, 1)],
        ["two lengths"] = s => [.. Head(s, 0, ("content-length", "1"), ("content-length", "2")), .. Frame(Data, EndStream, s, 1)],
        ["a body where none may be"] = s =>
            [.. Frame(Headers, EndHeaders, s, [.. Literal(":status", "204"), .. Literal("content-length", "1")]), .. Frame(Data, EndStream, s, 1)],
        ["a body of 204 that was not announced"] = s =>
            [.. Frame(Headers, EndHeaders, s, Literal(":status", "204")), .. Frame(Data, EndStream, s, 1)],
        ["a body of 205 that was not announced"] = s =>
            [.. Frame(Headers, EndHeaders, s, Literal(":status", "205")), .. Frame(Data, EndStream, s, 1)],
        ["a body of 304 that was not announced"] = s =>
            [.. Frame(Headers, EndHeaders, s, Literal(":status", "304")), .. Frame(Data, EndStream, s, 1)],
    };

    /// <summary>What goes wrong once the answer may have begun: 502, or the client is cut; never an answer that looks whole.</summary>
    private static readonly Dictionary<string, Func<int, byte[]>> Breaks = new()
    {
        ["reset within the body"] = s => [.. Head(s, 0, ("content-length", "5")), .. Frame(Data, 0, s, 1, 2), .. Frame(Reset, 0, s, 0, 0, 0, 2)],
        ["goaway within the body"] =
            s => [.. Head(s, 0, ("content-length", "5")), .. Frame(Data, 0, s, 1, 2), .. Frame(GoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)],
        ["less than announced"] = s => [.. Head(s, 0, ("content-length", "5")), .. Frame(Data, EndStream, s, 1, 2, 3)],
        ["more than announced"] = s => [.. Head(s, 0, ("content-length", "3")), .. Frame(Data, EndStream, s, 1, 2, 3, 4, 5)],
        ["nothing of what was announced"] = s => Head(s, EndStream, ("content-length", "3")),
    };

    private static readonly Dictionary<string, Func<int, (byte[] Once, byte[] Again)>> Floods = new()
    {
        ["a head without an end"] = s => (Frame(Headers, 0, s, 0x88), Frame(Continuation, 0, s, Literal("x", new string('a', 120)))),
        ["a head that continues with nothing"] = s => (Frame(Headers, 0, s, 0x88), Frame(Continuation, 0, s)),
        ["hints"] = s => ([], Frame(Headers, EndHeaders, s, [.. Literal(":status", "103"), .. Literal("link", "</a>")])),
        ["continues"] = s => ([], Frame(Headers, EndHeaders, s, Literal(":status", "100"))),
        ["pings"] = _ => ([], Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)),
        ["settings"] = _ => ([], Frame(Settings, 0, 0)),
        ["window updates"] = _ => ([], Frame(WindowUpdate, 0, 0, 0, 0, 0, 0)),
        ["unknown frames"] = _ => ([], Frame(0xfa, 0, 0, 7)),
        ["acknowledgements"] = _ => ([], Frame(Settings, 1, 0)),
        ["trailers without an end"] = s => (Head(s, 0), Frame(Headers, 0, s, Literal("x", "1"))),
        ["empty data"] = s => (Head(s, 0), Frame(Data, 0, s)),
        ["padding"] = s => (Head(s, 0), Frame(Data, 8, s, 1, 0)),
    };

    private static readonly UpstreamTimeouts Short = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Beginning => [.. Beginnings.Keys];

    public static TheoryData<string> Answer => [.. Answers.Keys];

    public static TheoryData<string> Break => [.. Breaks.Keys];

    public static TheoryData<string> Flood => [.. Floods.Keys];

    [Theory]
    [Control("SMG-12", "services of HTTP/2")]
    [MemberData(nameof(Beginning))]
    public Task A_connection_that_begins_wrongly_is_given_up(string what) => IsRefusedAsync(async service =>
    {
        if (!await service.ReadPrefaceAsync()) return;
        await service.SendAsync(Beginnings[what]);
        await service.ReadToEndAsync();
    });

    [Theory]
    [Control("SMG-12", "services of HTTP/2")]
    [MemberData(nameof(Answer))]
    public Task An_answer_that_is_none_is_refused(string what) => IsRefusedAsync(AnsweringOnce(Answers[what]));

    [Theory]
    [Control("SMG-12", "services of HTTP/2")]
    [MemberData(nameof(Break))]
    public async Task An_answer_that_goes_wrong_never_looks_whole(string what)
    {
        await using var upstream = FirstThenProper(AnsweringOnce(Breaks[what]));
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        try
        {
            Assert.Equal(502, (await host.GetAsync("/")).Status);
        }
        catch (EndOfStreamException)
        {
            // cut
        }

        Assert.Equal(Problems.UpstreamFailed, (await host.EndedAsync(Cancel)).Problem);
        await NextIsServedAsync(host, upstream);
    }

    [Theory]
    [Control("SMG-12", "services of HTTP/2")]
    [MemberData(nameof(Flood))]
    public async Task A_flood_ends_with_its_exchange(string what)
    {
        await using var upstream = FirstThenProper(async service =>
        {
            if (!await service.ReadPrefaceAsync()) return;
            await service.SendAsync(Frame(Settings, 0, 0));
            if (await service.NextRequestAsync() is not { } stream) return;
            var (once, again) = Floods[what](stream);
            await service.SendAsync(once);
            await service.FloodAsync(again);
        });
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        var before = ProcessMemory.InUse();
        try
        {
            Assert.InRange((await host.GetAsync("/")).Status, 502, 504);
        }
        catch (EndOfStreamException)
        {
            // cut
        }

        Assert.InRange((await host.EndedAsync(Cancel)).Problem!.Status, 502, 504);
        ProcessMemory.HasGrownAtMost(32 << 20, before);
        await NextIsServedAsync(host, upstream);
        ProcessMemory.HasGrownAtMost(32 << 20, before);
    }

    [Fact]
    [Control("SMG-12", "services of HTTP/2")]
    public async Task A_body_that_nobody_takes_is_not_waited_for()
    {
        await using var upstream = FirstThenProper(async service =>
        {
            if (!await service.ReadPrefaceAsync()) return;
            await service.SendAsync(Frame(Settings, 0, 0, 0, 4, 0, 0, 0, 0)); // a window of nothing, which is never opened
            await service.NextRequestAsync();
            await service.ReadToEndAsync();
        });
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        var response = await RawHttpClient.ExchangeAsync(host.Port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
        Assert.Equal(504, response.Status);
        Assert.Equal(Problems.UpstreamTimeout, (await host.EndedAsync(Cancel)).Problem);
        Assert.Equal(0, host.InFlight(upstream.Address));
    }

    [Fact]
    [Control("SMG-12", "services of HTTP/2")]
    public async Task A_service_that_breaks_off_while_the_client_is_to_send_more_is_to_blame()
    {
        await using var upstream = FirstThenProper(AnsweringOnce(s => Frame(Reset, 0, s, 0, 0, 0, 2)));
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nonly the beginning");
        Assert.Equal(502, (await client.ReadResponseAsync()).Status);
        Assert.Equal(Problems.UpstreamFailed, (await host.EndedAsync(Cancel)).Problem);
        Assert.Equal(0, host.InFlight(upstream.Address));
    }

    [Fact]
    public async Task What_a_service_says_it_has_not_begun_is_sent_over_another_connection() // RFC 9113 section 6.8
    {
        await using var upstream = FirstThenProper(AnsweringOnce(_ => Frame(GoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)));
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        await NextIsServedAsync(host, upstream);
        Assert.Equal(2, upstream.Connections);
    }

    [Theory]
    [Control("SMG-12", "services of HTTP/2")]
    [InlineData(0)] // says goaway
    [InlineData(7)] // says that it has refused the stream
    public async Task A_service_that_takes_nothing_is_not_asked_for_ever(int code)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            var service = new FrameService(connection);
            if (!await service.ReadPrefaceAsync()) return;
            await service.SendAsync(Frame(Settings, 0, 0));
            while (await service.NextRequestAsync() is { } stream)
            {
                if (code != 0) await service.SendAsync(Frame(Reset, 0, stream, 0, 0, 0, (byte)code));
                else await service.SendAsync(Frame(GoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
            }
        });
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        Assert.InRange((await host.GetAsync("/")).Status, 502, 504);
        Assert.InRange((await host.EndedAsync(Cancel)).Problem!.Status, 502, 504);
        Assert.InRange(upstream.Connections, 1, 10);
    }

    [Theory]
    [InlineData("X-Upper", "1")]
    [InlineData("x", "a\r\nb: 1")]
    [InlineData("x", "a\nb")]
    [InlineData("x", "a\0b")]
    [InlineData("x", " a ")]
    [Control("SMG-12", "services of HTTP/2")]
    public async Task What_reaches_the_client_is_one_well_framed_answer(string name, string value)
    {
        await using var upstream = FirstThenProper(AnsweringOnce(s => [.. Head(s, 0, (name, value)), .. Frame(Data, EndStream, s, 111, 107)]));
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        WellFramed.AssertOne(await client.ReadToEndAsync());
        await host.EndedAsync(Cancel);
        await NextIsServedAsync(host, upstream);
    }

    private static Func<FrameService, Task> AnsweringOnce(Func<int, byte[]> answer) => async service =>
    {
        if (!await service.ReadPrefaceAsync()) return;
        await service.SendAsync(Frame(Settings, 0, 0));
        if (await service.NextRequestAsync() is not { } stream) return;
        await service.SendAsync(answer(stream));
        while (await service.NextRequestAsync() is { } next) await service.SendAsync(Head(next, 0), Frame(Data, EndStream, next, [.. "next"u8]));
    };

    private static async Task IsRefusedAsync(Func<FrameService, Task> first)
    {
        await using var upstream = FirstThenProper(first);
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream.Address));
        var response = await host.GetAsync("/");
        Assert.InRange(response.Status, 502, 504);
        Assert.Contains("urn:gatehouse:problem:upstream-", response.Text, StringComparison.Ordinal);
        Assert.InRange((await host.EndedAsync(Cancel)).Problem!.Status, 502, 504);
        await NextIsServedAsync(host, upstream);
    }

    private static async Task NextIsServedAsync(ForwardingHost host, RawUpstream upstream)
    {
        for (var i = 0; i < 3; i++)
        {
            var response = await host.GetAsync("/");
            Assert.Equal((200, "next"), (response.Status, response.Text));
        }

        await Eventually.HoldsAsync(() => Task.FromResult(host.InFlight(upstream.Address) == 0), Cancel);
    }

    /// <summary>The first connection is served like this, all others properly.</summary>
    private static RawUpstream FirstThenProper(Func<FrameService, Task> serve)
    {
        var connections = 0;
        return RawUpstream.Start(async connection =>
        {
            var service = new FrameService(connection);
            if (Interlocked.Increment(ref connections) == 1) await serve(service);
            else await service.ServeAsync("next");
        });
    }

    private static Upstream Speaking(Uri address) =>
        ForwardingHost.UpstreamOf(address) with { Protocol = UpstreamProtocol.Http2, Timeouts = Short };
}
