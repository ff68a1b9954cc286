using System.Net;
using System.Net.WebSockets;
using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Upgrade;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>What is not one request and one answer of known length: streams, upgrades, trailers.</summary>
public sealed class StreamingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Passes_server_sent_events_one_by_one()
    {
        var next = new SemaphoreSlim(0);
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/events", async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.FlushAsync();
            for (var i = 1; i <= 3; i++)
            {
                await next.WaitAsync(http.RequestAborted);
                await http.Response.WriteAsync($"data: {i}\n\n");
                await http.Response.Body.FlushAsync();
            }
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n");
        Assert.Equal("text/event-stream", (await client.ReadHeadAsync()).Header("Content-Type"));
        for (var i = 1; i <= 3; i++)
        {
            next.Release();
            Assert.Equal($"data: {i}\n\n", await client.ReadChunkAsync()); // the service waits with the next one until this one has arrived
        }

        Assert.Null(await client.ReadChunkAsync());
        Assert.Equal(27, (await host.EndedAsync(Cancel)).ResponseBytes);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http2)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http2)]
    public async Task Passes_a_WebSocket_where_the_route_says_so(HttpProtocols downstream, HttpProtocols upstreamProtocol)
    {
        await using var upstream = await EchoAsync(upstreamProtocol);
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream), upgrade: Upgrade.WebSocket, protocols: downstream);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = downstream == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{host.Port}/ws?x=1"), invoker, Cancel);
        var buffer = new byte[100];
        foreach (var text in (string[])["first", "second"])
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Cancel);
            var received = await socket.ReceiveAsync(buffer, Cancel);
            Assert.Equal(text, Encoding.UTF8.GetString(buffer, 0, received.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        Assert.Equal("/ws?x=1", Assert.Single(upstream.Requests).Target);
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal(downstream == HttpProtocols.Http2 ? 200 : 101, exchange.Status);
        Assert.Null(exchange.Problem);
    }

    [Fact]
    public async Task Refuses_a_WebSocket_elsewhere()
    {
        await using var upstream = await EchoAsync(HttpProtocols.Http1);
        var policy = new UpgradePolicy(webSocket: false);
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), policies: policy);
        const string handshake =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

        var response = await host.GetAsync("/ws", handshake);

        Assert.Equal(400, response.Status);
        Assert.Equal(Problems.UpgradeNotAllowed, (await host.EndedAsync(Cancel)).Problem);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)] // where the gateway answers the key itself
    public async Task Refuses_a_WebSocket_without_a_proper_key_and_asks_nobody(HttpProtocols upstreamProtocol)
    {
        await using var upstream = await EchoAsync(upstreamProtocol);
        await using var host = await ForwardingHost.StartAsync(
            Speaking(upstream), upgrade: Upgrade.WebSocket, policies: new UpgradePolicy(webSocket: true));

        var response = await host.GetAsync("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n");

        Assert.Equal(400, response.Status);
        Assert.Contains("upgrade-not-allowed", response.Text, StringComparison.Ordinal);
        Assert.Equal(Problems.UpgradeNotAllowed, (await host.EndedAsync(Cancel)).Problem);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Passes_a_call_with_trailers_in_both_directions_at_once()
    {
        await using var upstream = await FakeUpstream.StartAsync(HttpProtocols.Http2);
        upstream.On("/orders.Orders/Watch", async http =>
        {
            http.Response.ContentType = "application/grpc";
            await http.Response.Body.FlushAsync();
            await http.Request.Body.CopyToAsync(http.Response.Body); // answers while it is still being asked
            http.Response.AppendTrailer("grpc-status", "0");
        }, readsBody: true);
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream), protocols: HttpProtocols.Http2);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var content = new DuplexContent();
        using var request = Http2(host, HttpMethod.Post, "/orders.Orders/Watch");
        request.Content = content;
        request.Headers.TE.ParseAdd("trailers");

        var answering = client.SendAsync(request, Cancel);
        var asking = await content.Stream.WaitAsync(Cancel);
        var buffer = new byte[100];
        await asking.WriteAsync("first"u8.ToArray(), Cancel);
        await asking.FlushAsync(Cancel);
        using var response = await answering;
        var answers = await response.Content.ReadAsStreamAsync(Cancel);
        Assert.Equal("first", Encoding.ASCII.GetString(buffer, 0, await answers.ReadAsync(buffer, Cancel)));
        await asking.WriteAsync("second"u8.ToArray(), Cancel);
        await asking.FlushAsync(Cancel);
        Assert.Equal("second", Encoding.ASCII.GetString(buffer, 0, await answers.ReadAsync(buffer, Cancel)));
        content.Finish();
        Assert.Equal(0, await answers.ReadAsync(buffer, Cancel));
        Assert.Equal("0", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("trailers", seen.Header("TE"));
        Assert.Equal("HTTP/2", seen.Protocol);
    }

    [Fact]
    public async Task Passes_trailers_alone()
    {
        await using var upstream = await FakeUpstream.StartAsync(HttpProtocols.Http2);
        upstream.On("/orders.Orders/Get", http =>
        {
            http.Response.ContentType = "application/grpc";
            http.Response.AppendTrailer("grpc-status", "5");
            return Task.CompletedTask;
        });
        await using var host = await ForwardingHost.StartAsync(Speaking(upstream), protocols: HttpProtocols.Http2);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = Http2(host, HttpMethod.Post, "/orders.Orders/Get");
        request.Content = new ByteArrayContent([0, 0, 0, 0, 0]);

        using var response = await client.SendAsync(request, Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal("5", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));
    }

    [Fact]
    public async Task Resets_the_stream_when_an_answer_breaks_off()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address), protocols: HttpProtocols.Http2);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = Http2(host, HttpMethod.Get, "/");

        using var response = await client.SendAsync(request, Cancel);

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync(Cancel));
    }

    private static async Task<FakeUpstream> EchoAsync(HttpProtocols protocols)
    {
        var upstream = await FakeUpstream.StartAsync(protocols);
        return upstream.On("/ws", async http =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            while (await socket.ReceiveAsync(buffer, http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
                await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, http.RequestAborted);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
        }, readsBody: true);
    }

    private static Upstream Speaking(FakeUpstream upstream) => ForwardingHost.UpstreamOf(upstream.Address) with
    {
        Protocol = upstream.Protocols == HttpProtocols.Http2 ? UpstreamProtocol.Http2 : UpstreamProtocol.Http1,
    };

    private static HttpRequestMessage Http2(ForwardingHost host, HttpMethod method, string path) =>
        new(method, new Uri($"http://127.0.0.1:{host.Port}{path}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    /// <summary>A request's body that is written while the answer is read.</summary>
    private sealed class DuplexContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DuplexContent() => Headers.ContentType = new("application/grpc");

        public Task<Stream> Stream => _stream.Task;

        public void Finish() => _finished.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _stream.SetResult(stream);
            await _finished.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
