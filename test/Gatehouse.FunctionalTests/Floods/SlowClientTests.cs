using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using static Gatehouse.FunctionalTests.Floods.FrameClient;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Floods;

/// <summary>Clients that hold on to what they have by being slow, with the smallest times that a declaration takes.</summary>
public sealed class SlowClientTests
{
    private const string Quick = "intake: { head: 1s, idle: 1s, rate: 100000, grace: 2s }";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LIM-6", "slow head")]
    public async Task A_head_that_comes_too_slowly_is_not_waited_for()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var dripping = DripAsync(client, "X-A: b\r\n", end.Token);
        Assert.Equal(408, (await client.ReadResponseAsync()).Status);
        Assert.True(await client.ClosesAsync());
        await end.CancelAsync();
        await dripping;
        var record = await gateway.AccessLog.WaitForAsync(r => r["problem"] is not null, Cancel);
        Assert.Equal(("request-timeout", "parser", 408), ((string?)record["problem"], (string?)record["decidedBy"], (int)record["status"]!));
        Assert.Equal("head too slow", (string?)(await CutAsync(gateway))["reason"]);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    [Control("LIM-6", "slow body")]
    public async Task A_body_that_comes_too_slowly_is_not_waited_for()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var dripping = DripAsync(client, "x", end.Token);
        Assert.Equal(408, (await client.ReadResponseAsync()).Status);
        await client.ReadToEndAsync();
        await end.CancelAsync();
        await dripping;
        var record = await gateway.AccessLog.WaitForAsync(r => r["problem"] is not null, Cancel);
        Assert.Equal(("request-timeout", "write-thing"), ((string?)record["problem"], ((string?)record["route"])?.Split('/')[1]));
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task A_response_that_is_taken_too_slowly_is_not_kept()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"); // and does not read
        Assert.Equal(("reads too slowly", "127.0.0.1"), await ReasonAsync(gateway));
        var record = await gateway.AccessLog.WaitForAsync(r => (string?)r["route"] == "things/get-thing", Cancel);
        Assert.Equal("reads too slowly", (string?)record["reason"]); // and not that it has left
    }

    [Theory]
    [InlineData("http1")]
    [InlineData("http2")]
    [Control("LIM-6", "slow reader")]
    public async Task A_response_that_is_not_taken_for_the_upstreams_idle_time_is_recorded_as_that(string protocol)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address)
        {
            Listener = $"address: \"127.0.0.1:0\", serves: [public], protocols: [{protocol}], intake: {{ rate: 1, grace: 1m }}",
            MoreOfUpstream = ", timeouts: { connect: 5s, head: 2s, idle: 2s }",
        });
        await using var raw = protocol == "http1" ? await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port) : null;
        await using var frames = protocol == "http2" ? await ConnectAsync(gateway.AddressOf("edge")) : null;
        if (raw is not null) await raw.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"); // and does not read
        if (frames is not null) await frames.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, Request("/things/1"))); // and gives no window back
        var record = await gateway.AccessLog.WaitForAsync(r => (string?)r["route"] == "things/get-thing", Cancel);
        Assert.Equal(
            (200, "the client took nothing for longer than the idle timeout"),
            ((int)record["status"]!, (string?)record["reason"]));
        Assert.Null(record["problem"]);
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task Refusals_that_are_taken_too_slowly_are_not_kept()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        var sending = SendUntilCutAsync(client, string.Concat(Enumerable.Repeat("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 500)));
        Assert.Equal(("reads too slowly", "127.0.0.1"), await ReasonAsync(gateway));
        await sending;
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task Frames_that_are_taken_too_slowly_are_not_kept()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await StartAsync(upstream, ", protocols: [http2]");
        await using var client = await ConnectAsync(gateway.AddressOf("edge"), [0, 4, 0x7f, 0xff, 0xff, 0xff], reads: false);
        await client.SendAsync([.. Frame(WindowUpdate, 0, 0, 0x7f, 0, 0, 0), .. Frame(Headers, EndStream | EndHeaders, 1, Request("/things/1"))]);
        Assert.Equal(("reads too slowly", "127.0.0.1"), await ReasonAsync(gateway));
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task A_window_that_grows_byte_by_byte_is_not_waited_for()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await StartAsync(upstream, ", protocols: [http2]", ", timeouts: { connect: 1s, head: 1s, idle: 1s }");
        await using var client = await ConnectAsync(gateway.AddressOf("edge"), [0, 4, 0, 0, 0, 1]);
        await client.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, Request("/things/1")));
        using var between = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        await Eventually.HoldsAsync(
            async () => client.IsClosed || client.HasEnded(1) || !await client.SendAsync(Frame(WindowUpdate, 0, 1, 0, 0, 0, 1))
                || !await between.WaitForNextTickAsync(Cancel),
            Cancel);
        var record = await gateway.AccessLog.WaitForAsync(r => (string?)r["route"] == "things/get-thing", Cancel);
        Assert.Equal("the client took nothing for longer than the idle timeout", (string?)record["reason"]);
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task A_response_that_is_taken_byte_by_byte_is_not_kept()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        using var between = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var reason = ReasonAsync(gateway);
        try
        {
            while (!reason.IsCompleted && await client.Stream.ReadAsync(new byte[10], Cancel) > 0) await between.WaitForNextTickAsync(Cancel);
        }
        catch (IOException)
        {
            // cut
        }

        Assert.Equal(("reads too slowly", "127.0.0.1"), await reason);
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task A_stream_without_a_window_is_not_kept()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(LargeAsync);
        await using var gateway = await StartAsync(upstream, ", protocols: [http2]", ", timeouts: { connect: 1s, head: 1s, idle: 1s }");
        await using var client = await ConnectAsync(gateway.AddressOf("edge")); // which reads, and never gives its window back
        await client.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, Request("/things/1")));
        await Eventually.HoldsAsync(() => Task.FromResult(client.HasEnded(1)), Cancel);
        await gateway.AccessLog.WaitForAsync(r => (string?)r["route"] == "things/get-thing", Cancel);
        Assert.Equal(1, client.Received(Reset));
    }

    [Fact]
    [Control("LIM-6", "idle")]
    public async Task An_idle_connection_ends_without_a_record()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        Assert.True(await client.ClosesAsync());
        await Eventually.HoldsAsync(
            async () => Regex.IsMatch(
                await gateway.Administration.GetStringAsync("/metrics", Cancel), """gatehouse_connections_cut_total\{[^}]*reason="idle"[^}]*\} 1"""),
            Cancel);
        Assert.Single(await gateway.AccessLog.RecordsAsync(1, Cancel));
    }

    [Theory]
    [InlineData("http1", "")]
    [InlineData("http2", "")]
    [InlineData("http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0")]
    [Control("LIM-6", "idle")]
    public async Task A_connection_that_asks_nothing_ends(string protocol, string said)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, $", protocols: [{protocol}]");
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(said);
        await client.ReadToEndAsync();
        Assert.Equal(("nothing asked", "127.0.0.1"), await ReasonAsync(gateway));
    }

    [Fact]
    [Control("LIM-6", "slow head")]
    public async Task A_head_in_frames_that_comes_too_slowly_is_not_waited_for()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, ", protocols: [http2]");
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        await client.SendAsync(Frame(Headers, EndStream, 1, Request("/things/1")));
        await client.Closed;
        Assert.Equal(("head too slow", "127.0.0.1"), await ReasonAsync(gateway));
    }

    [Fact]
    [Control("LIM-6", "slow body")]
    public async Task A_body_in_frames_that_comes_too_slowly_is_not_waited_for()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, ", protocols: [http2]");
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        await client.SendAsync([.. Frame(Headers, EndHeaders, 1, Request("/things/1", post: true)), .. Frame(Data, 0, 1, 1)]);
        await client.Closed;
        Assert.Equal(("body too slow", "127.0.0.1"), await ReasonAsync(gateway));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    public async Task A_conversation_may_be_silent_for_longer_than_a_body(Speech speech)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/talk/1", AnswerOnceAsync, readsBody: true);
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            Listener = "address: \"127.0.0.1:0\", serves: [public], " + Quick,
            MoreRoutes = RoutesForTests.Of(RoutesForTests.WebSocket),
        });
        using var socket = await front.WebSocketAsync("/talk/1", Cancel);
        await using var slow = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
        await slow.ReadToEndAsync(); // says nothing, is cut for it, and by then
        await using var slower = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
        await slower.ReadToEndAsync(); // more than the grace has passed
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Cancel);
        var answer = await socket.ReceiveAsync(new byte[16], Cancel).WaitAsync(Patience.Limit, Cancel);
        Assert.Equal(5, answer.Count);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    public async Task A_body_may_pause_where_somebody_has_written_why_it_is_streamed(Speech speech)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            Listener = "address: \"127.0.0.1:0\", serves: [public], " + Quick,
            MoreRoutes = RoutesForTests.Of(RoutesForTests.SmallSearch, RoutesForTests.SmallSearch
                .Replace("search-little", "search-long", StringComparison.Ordinal)
                .Replace("/little/{id}", "/long/{id}", StringComparison.Ordinal)
                .Replace("effect: read", "effect: read\n        body: { stream: true, reason: a long conversation }", StringComparison.Ordinal)),
        });
        using var paused = new PausingBody();
        var patient = front.Client.PostAsync("/long/1", paused, Cancel);
        await paused.Begun.WaitAsync(Patience.Limit, Cancel);
        for (var i = 0; i < 2; i++) await WaitForGraceAsync(front.Gateway.AddressOf("edge"), speech);
        paused.End();
        var status = (await patient).StatusCode;
        Assert.True(status == System.Net.HttpStatusCode.OK, string.Join('\n', front.Gateway.AccessLog.Lines));
        Assert.Equal("helloworld"u8.ToArray(), upstream.Requests.Single(r => r.Target == "/long/1").Body);
    }

    /// <summary>Waits, without a clock, for longer than the grace: for a client to be cut that pauses where it may not.</summary>
    private static async Task WaitForGraceAsync(System.Net.IPEndPoint edge, Speech speech)
    {
        if (speech == Speech.Http1)
        {
            await using var raw = await RawHttpClient.ConnectAsync(edge.Port);
            await raw.SendAsync("POST /little/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello");
            Assert.Equal(408, (await raw.ReadResponseAsync()).Status);
            return;
        }

        await using var frames = await ConnectAsync(edge);
        await frames.SendAsync([.. Frame(Headers, EndHeaders, 1, Request("/little/1", post: true)), .. Frame(Data, 0, 1, 1)]);
        await frames.Closed;
    }

    private static async Task AnswerOnceAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16];
        var message = await socket.ReceiveAsync(buffer, http.RequestAborted);
        await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, endOfMessage: true, http.RequestAborted);
    }

    private static async Task LargeAsync(HttpContext http)
    {
        var part = new byte[64 * 1024];
        for (var i = 0; i < 1024; i++) await http.Response.Body.WriteAsync(part, http.RequestAborted);
    }

    private static async Task SendUntilCutAsync(RawHttpClient client, string text)
    {
        try
        {
            while (true) await client.SendAsync(text);
        }
        catch (IOException)
        {
            // at last
        }
    }

    private static async Task DripAsync(RawHttpClient client, string drop, CancellationToken end)
    {
        using var between = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await between.WaitForNextTickAsync(end)) await client.SendAsync(drop);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // nobody takes it any more
        }
    }

    private static Task<System.Text.Json.Nodes.JsonObject> CutAsync(TestGateway gateway) =>
        gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-cut", Cancel);

    private static async Task<(string?, string?)> ReasonAsync(TestGateway gateway)
    {
        var line = await CutAsync(gateway);
        return ((string?)line["reason"], (string?)line["client"]);
    }

    private static Task<TestGateway> StartAsync(FakeUpstream upstream, string more = "", string ofUpstream = "") => TestGateway.StartAsync(
        new SmallDeclaration(upstream.Address)
        {
            Listener = "address: \"127.0.0.1:0\", serves: [public], " + Quick + more,
            MoreOfUpstream = ofUpstream,
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Write),
        });

    /// <summary>Sends a part, and the rest when it is told.</summary>
    private sealed class PausingBody : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public void End() => _end.TrySetResult();

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync("hello"u8.ToArray(), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            _begun.TrySetResult();
            await _end.Task.WaitAsync(cancellationToken);
            await stream.WriteAsync("world"u8.ToArray(), cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 10;
            return true;
        }
    }
}
