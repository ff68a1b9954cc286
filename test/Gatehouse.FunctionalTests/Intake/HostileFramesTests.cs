using Gatehouse.TestKit;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>Frames and fields of HTTP/2 that nobody with manners sends: the stream or the connection ends, and no service hears of it.</summary>
public sealed class HostileFramesTests
{
    private static readonly byte[] Good = [.. Literal(":method", "POST"), .. Literal(":scheme", "http"), .. Literal(":path", "/x"), .. Host];

    /// <summary>Where in them the method ends.</summary>
    private static int Connect => Literal(":method", "POST").Length;

    private static byte[] Host => Literal(":authority", "localhost");

    /// <summary>The beginning of a request, and a part of its body.</summary>
    private static byte[] WithBody => [.. Begin(1, Good), .. Frame(Data, 0, 1, 1)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What is sent after the preface and the settings, by what is wrong with it.</summary>
    internal static readonly Dictionary<string, byte[]> Refused = new()
    {
        ["two paths"] = Ask([.. Good, .. Literal(":path", "/y")]),
        ["two methods"] = Ask([.. Good, .. Literal(":method", "GET")]),
        ["two authorities"] = Ask([.. Good, .. Host]),
        ["no host at all"] = Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "/x")]),
        ["a protocol without CONNECT"] = Ask([.. Good, .. Literal(":protocol", "websocket")]),
        ["CONNECT"] = Ask([.. Literal(":method", "CONNECT"), .. Host]),
        ["CONNECT to an unknown protocol"] =
            Ask([.. Literal(":method", "CONNECT"), .. Literal(":protocol", "connect-udp"), .. Good[Connect..]]),
        ["CONNECT to a WebSocket where none is"] =
            Ask([.. Literal(":method", "CONNECT"), .. Literal(":protocol", "websocket"), .. Good[Connect..]]),
        ["the scheme of another listener"] = Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "https"), .. Literal(":path", "/x"), .. Host]),
        ["the asterisk"] = Ask([.. Literal(":method", "OPTIONS"), .. Literal(":scheme", "http"), .. Literal(":path", "*"), .. Host]),
        ["an absolute path"] = Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "http://localhost/x"), .. Host]),
        ["a path of two slashes"] = Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "//x"), .. Host]),
        ["a path beyond ASCII"] = Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "/\u00e9"), .. Host]),
        ["a value that begins with a blank"] = Ask([.. Good, .. Literal("x", " a")]),
        ["a value that ends with a tab"] = Ask([.. Good, .. Literal("x", "a\t")]),
        ["a value with a DEL"] = Ask([.. Good, .. Literal("x", "a\u007fb")]),
        ["a value that is no UTF-8"] = Ask([.. Good, .. Literal("x", "\u00ff\u00fe")]),
        ["a name beyond ASCII"] = Ask([.. Good, .. Literal("x\u00e9", "a")]),
        ["a name with a dot"] = Ask([.. Good, .. Literal("x.y", "a")]),
        ["an expectation that nobody meets"] = Ask([.. Good, .. Literal("expect", "200-ok")]),
        ["two lengths"] = Ask([.. Good, .. Literal("content-length", "0"), .. Literal("content-length", "5")]),
        ["trailers with a pseudo field"] = [.. WithBody, .. Frame(Headers, EndStream | EndHeaders, 1, Literal(":path", "/y"))],
        ["trailers in upper case"] = [.. WithBody, .. Frame(Headers, EndStream | EndHeaders, 1, Literal("X", "1"))],
        ["trailers of the connection"] = [.. WithBody, .. Frame(Headers, EndStream | EndHeaders, 1, Literal("connection", "x"))],
        ["trailers that do not end the stream"] = [.. WithBody, .. Frame(Headers, EndHeaders, 1, Literal("x", "1"))],
        ["a body on a stream that nobody opened"] = Frame(Data, EndStream, 1, 1),
        ["a stream of the server's"] = Frame(Headers, EndStream | EndHeaders, 2, Good),
        ["the stream of the connection"] = Frame(Headers, EndStream | EndHeaders, 0, Good),
        ["a promise"] = Frame(PushPromise, EndHeaders, 1, [0, 0, 0, 2, .. Good]),
        ["a continuation of nothing"] = Frame(Continuation, EndHeaders, 1, Good),
        ["a body within a head"] = [.. Frame(Headers, 0, 1, Good), .. Frame(Data, EndStream, 1, 1)],
        ["another stream within a head"] = [.. Frame(Headers, EndStream, 1, Good), .. Frame(Headers, EndStream | EndHeaders, 3, Good)],
        ["padding longer than its frame"] = Frame(Headers, EndStream | EndHeaders | 8, 1, [200, .. Good]),
        ["padding longer than its body"] = [.. Begin(1, Good), .. Frame(Data, EndStream | 8, 1, 9, 1)],
        ["a stream that depends on itself"] = Frame(Headers, EndStream | EndHeaders | 32, 1, [0, 0, 0, 1, 16, .. Good]),
        ["a frame that is too long"] = Frame(Data, 0, 1, new byte[20_000]),
        ["a field of the table that there is not"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0xff, 0x40]),
        ["the field of number 0"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0x80]),
        ["a table larger than allowed"] = Frame(Headers, EndStream | EndHeaders, 1, [0x3f, 0xe2, 0xff, 0xff, 0x07, .. Good]),
        ["a size of the table after fields"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0x20]),
        ["a number without an end"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ["Huffman's code with a wrong end"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0x00, 0x01, (byte)'x', 0x81, 0x00]),
        ["a text longer than its block"] = Frame(Headers, EndStream | EndHeaders, 1, [.. Good, 0x00, 0x01, (byte)'x', 0x7e, (byte)'a']),
        ["settings on a stream"] = Frame(Settings, 0, 1),
        ["settings of five bytes"] = Frame(Settings, 0, 0, 0, 4, 0, 0, 1),
        ["an acknowledgement with settings"] = Frame(Settings, 1, 0, 0, 4, 0, 0, 0, 1),
        ["a window of the settings beyond all bounds"] = Frame(Settings, 0, 0, 0, 4, 0x80, 0, 0, 0),
        ["frames of no size in the settings"] = Frame(Settings, 0, 0, 0, 5, 0, 0, 0, 0),
        ["two kinds of push in the settings"] = Frame(Settings, 0, 0, 0, 2, 0, 0, 0, 2),
        ["a ping on a stream"] = Frame(Ping, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8),
        ["a ping of seven bytes"] = Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7),
        ["a window that grows by nothing"] = Frame(WindowUpdate, 0, 0, 0, 0, 0, 0),
        ["a window beyond all bounds"] = [.. Frame(WindowUpdate, 0, 0, 0x7f, 0xff, 0xff, 0xff), .. Frame(WindowUpdate, 0, 0, 0x7f, 0xff, 0xff, 0xff)],
        ["a reset of a stream that nobody opened"] = Frame(Reset, 0, 1, 0, 0, 0, 8),
        ["a reset of three bytes"] = [.. Begin(1, Good), .. Frame(Reset, 0, 1, 0, 0, 8)],
        ["a priority of four bytes"] = Frame(Priority, 0, 1, 0, 0, 0, 3),
        ["a farewell on a stream"] = Frame(GoAway, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    };

    public static TheoryData<string> Names => [.. Refused.Keys];

    [Theory]
    [Control("SMG-9")]
    [Control("DEV-2", "frames of HTTP/2")]
    [MemberData(nameof(Names))]
    public async Task Are_refused(string what)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.SendAsync(Refused[what], Cancel);
        Assert.Contains(await client.OutcomeAsync(1, Cancel), new[] { "400", "reset", "goaway", "closed", "another" });
        await client.DisposeAsync();
        await front.SettleAsync(what);
        Assert.DoesNotContain(front.Upstream.Requests, r => r.IsWhole);
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")]
    [InlineData("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001")]
    [Control("SMG-9")]
    public async Task A_connection_that_begins_otherwise_is_closed(string bytes)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await RawHttpClient.ConnectAsync(front.Port);
        await client.SendAsync(bytes);
        client.FinishSending();
        await client.ReadToEndAsync();
        await front.SettleAsync(bytes);
        Assert.Empty(front.Upstream.Requests);
    }

    [Fact]
    [Control("SMG-6", "HTTP/2")]
    public async Task Trailers_stay_here()
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        byte[] trailers =
            [.. Literal("authorization", "Bearer x"), .. Literal("host", "evil"), .. Literal("content-length", "9"), .. Literal("x-mine", "1")];
        await client.SendAsync([.. Begin(1, Good), .. Frame(Data, 0, 1, [.. "hello"u8])], Cancel);
        await client.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, trailers), Cancel);
        Assert.Equal("200", await client.OutcomeAsync(1, Cancel));
        await client.DisposeAsync();
        await front.SettleAsync("trailers");
        var request = Assert.Single(front.Upstream.Requests);
        Assert.Equal("hello"u8.ToArray(), request.Body.ToArray());
        Assert.DoesNotContain(request.Fields, f => f.Name is "authorization" or "x-mine" || f.Value == "evil");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Control("SMG-9", "one authority")]
    public async Task A_host_beside_the_authority_is_heard_by_nobody(int hosts)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.SendAsync(Ask([.. Good, .. Enumerable.Repeat(Literal("host", "example.com"), hosts).SelectMany(f => f)]), Cancel);
        Assert.Equal("200", await client.OutcomeAsync(1, Cancel));
        await client.DisposeAsync();
        await front.SettleAsync("host");
        Assert.Equal("localhost", Assert.Single(front.Upstream.Requests).Field("X-Forwarded-Host"));
        Assert.DoesNotContain(front.Upstream.Requests[0].Fields, f => f.Value.Contains("example.com", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_that_names_its_host_alone_passes()
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.SendAsync(
            Ask([.. Literal(":method", "GET"), .. Literal(":scheme", "http"), .. Literal(":path", "/x"), .. Literal("host", "localhost")]), Cancel);
        Assert.Equal("200", await client.OutcomeAsync(1, Cancel));
    }

    private static byte[] Ask(byte[] fields) => Frame(Headers, EndStream | EndHeaders, 1, fields);

    private static byte[] Begin(int stream, byte[] fields) => Frame(Headers, EndHeaders, stream, fields);
}
