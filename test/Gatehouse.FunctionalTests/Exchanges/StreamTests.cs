using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>What takes long or is large passes through the whole pipeline as it comes.</summary>
public sealed class StreamTests
{
    private const long Large = 100L * 1024 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    public async Task An_event_is_seen_before_the_next_one_is_sent(Speech speech)
    {
        var seen = new TaskCompletionSource();
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/events", async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("data: first\n\n");
            await http.Response.Body.FlushAsync();
            await seen.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("data: second\n\n");
        });
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address));
        using var reader = new StreamReader(await front.Client.GetStreamAsync("/things/events", Cancel));
        Assert.Equal("data: first", await reader.ReadLineAsync(Cancel));
        seen.SetResult();
        Assert.Equal("\ndata: second\n\n", await reader.ReadToEndAsync(Cancel));
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((200, "data: first\n\ndata: second\n\n".Length), ((int)record["status"]!, (int)record["bytesOut"]!));
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    public async Task A_large_body_passes_both_ways_without_being_held(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/search/large", async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
            http.Response.ContentLength = Large;
            await new Zeros(Large).CopyToAsync(http.Response.Body, http.RequestAborted);
        }, readsBody: true);
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Search),
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/search/large")
        {
            Version = front.Client.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content = new StreamContent(new Zeros(Large));
        request.Content.Headers.ContentLength = Large;
        using var response = await front.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var (stream, buffer, total) = (await response.Content.ReadAsStreamAsync(Cancel), new byte[256 * 1024], 0L);
        while (await stream.ReadAsync(buffer, Cancel) is > 0 and var read) total += read;
        Assert.Equal(Large, total);
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((Large, Large), ((long)record["bytesIn"]!, (long)record["bytesOut"]!));
    }

    [Theory]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    public async Task A_call_in_the_shape_of_gRPC_goes_back_and_forth_and_ends_with_its_trailers(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync(HttpProtocols.Http2)).On("/search/rpc", async http =>
        {
            http.Response.ContentType = "application/grpc";
            await http.Response.Body.FlushAsync(http.RequestAborted);
            var buffer = new byte[100];
            while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            http.Response.AppendTrailer("grpc-status", "0");
        }, readsBody: true);
        await using var front = await Front.StartAsync(speech,
            new SmallDeclaration(upstream.Address) { Protocol = "http2", MoreRoutes = RoutesForTests.Of(RoutesForTests.Search) });
        using var messages = new Conversation();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/search/rpc")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = messages,
        };
        request.Headers.TE.ParseAdd("trailers");
        request.Content.Headers.ContentType = new("application/grpc");
        var answering = front.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        await messages.SayAsync("one");
        using var response = await answering;
        var (stream, buffer) = (await response.Content.ReadAsStreamAsync(Cancel), new byte[100]);
        Assert.Equal(3, await stream.ReadAtLeastAsync(buffer, 3, cancellationToken: Cancel));
        foreach (var message in new[] { "two", "three" })
        {
            await messages.SayAsync(message);
            var read = await stream.ReadAtLeastAsync(buffer, message.Length, cancellationToken: Cancel);
            Assert.Equal(message, Encoding.ASCII.GetString(buffer, 0, read));
        }

        messages.End();
        Assert.Equal(0, await stream.ReadAsync(buffer, Cancel));
        Assert.Equal("0", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));
    }

    [Theory]
    [InlineData(Speech.Http1, 101)]
    [InlineData(Speech.CleartextHttp2, 200)]
    [InlineData(Speech.Http2, 200)]
    public async Task A_WebSocket_passes_where_the_route_says_so(Speech speech, int status)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/talk/1", EchoAsync, readsBody: true);
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.WebSocket),
        });
        using var socket = await front.WebSocketAsync("/talk/1", Cancel);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Cancel);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((status, "things/talk"), ((int)record["status"]!, (string?)record["route"]));
        Assert.Null(record["problem"]);
        // "hello" and the end, each in a frame; what the client sends is masked, by four bytes more (RFC 6455 section 5.2)
        Assert.Equal((2 * (2 + 4) + 5 + 2, (2 * 2) + 5 + 2), ((int)record["bytesIn"]!, (int)record["bytesOut"]!));
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("SMG-10", "websocket")]
    public async Task A_WebSocket_is_refused_where_the_route_says_nothing_of_it(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(EchoAsync, readsBody: true);
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address));
        await Assert.ThrowsAsync<WebSocketException>(() => front.WebSocketAsync("/things/1", Cancel));
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((400, "upgrade-not-allowed"), ((int)record["status"]!, (string?)record["problem"]));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("VAL-11", "WebSockets that pages open")]
    public async Task A_WebSocket_of_a_page_is_refused_unless_the_route_names_its_site(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(EchoAsync, readsBody: true);
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.WebSocket) + RoutesForTests.Of(RoutesForTests.WebSocket)
                .Replace("talk", "talk-of-shop", StringComparison.Ordinal)
                .Replace("upgrade: websocket", "upgrade: websocket\n        cors: { origins: [\"https://shop.example\"] }", StringComparison.Ordinal),
        });
        foreach (var (path, origin) in new[]
        {
            ("/talk/1", "https://shop.example"), ("/talk/1", "null"), ("/talk-of-shop/1", "https://evil.example"),
            ("/talk-of-shop/1", "null"), ("/talk-of-shop/1", "https://shop.example.evil.example"), ("/talk-of-shop/1", ""),
        })
        {
            await Assert.ThrowsAsync<WebSocketException>(() => front.WebSocketAsync(path, Cancel, origin));
            var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
            Assert.Equal((403, "forbidden", "cors"), ((int)record["status"]!, (string?)record["problem"], (string?)record["decidedBy"]));
        }

        Assert.Equal(0, upstream.Connections);
        foreach (var origin in new[] { "https://shop.example", null })
        {
            using var socket = await front.WebSocketAsync("/talk-of-shop/1", Cancel, origin);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        }
    }

    internal static async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, http.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }

    /// <summary>A request body that is said piece by piece while the response is read.</summary>
    private sealed class Conversation : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task SayAsync(string text)
        {
            var stream = await _stream.Task;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Cancel);
            await stream.FlushAsync(Cancel);
        }

        public void End() => _ended.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(Cancel);
            _stream.SetResult(stream);
            await _ended.Task.WaitAsync(Cancel);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
