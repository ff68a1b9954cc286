using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Floods;

/// <summary>Clients that want all connections for themselves.</summary>
public sealed class GreedyClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LIM-7", "connections of one address")]
    public async Task More_connections_than_an_address_may_have_are_refused_and_the_others_live_on()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "intake: { connectionsPerAddress: 3 }");
        List<RawHttpClient> open = [];
        for (var i = 0; i < 3; i++)
        {
            open.Add(await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port));
            Assert.Equal(200, await AskAsync(open[i]));
        }

        Assert.False(await IsServedAsync(gateway, "127.0.0.1"));
        foreach (var client in open) Assert.Equal(200, await AskAsync(client));
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-refused", Cancel);
        Assert.Equal(("too many connections of one address", "127.0.0.1"), ((string?)line["reason"], (string?)line["client"]));
        Assert.True(await IsServedAsync(gateway, "127.0.0.2"));

        await open[0].DisposeAsync();
        await Eventually.HoldsAsync(() => IsServedAsync(gateway, "127.0.0.1"), Cancel);
        foreach (var client in open) await client.DisposeAsync();
    }

    [Fact]
    [Control("LIM-7", "all connections")]
    public async Task More_connections_than_a_listener_may_have_are_refused_and_the_others_live_on()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "intake: { connections: 2 }");
        await using var first = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await using var second = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        Assert.Equal((200, 200), (await AskAsync(first), await AskAsync(second)));
        Assert.False(await IsServedAsync(gateway, "127.0.0.3"));
        Assert.Equal((200, 200), (await AskAsync(first), await AskAsync(second)));
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-refused", Cancel);
        Assert.Equal(("too many connections", "127.0.0.3"), ((string?)line["reason"], (string?)line["client"]));
    }

    [Fact]
    public async Task The_connections_of_a_trusted_proxy_count_for_nobody()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(
            upstream, "proxies: { networks: [127.0.0.1/32], hops: 1 }, intake: { connectionsPerAddress: 1 }");
        await using var first = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await using var second = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        Assert.Equal((200, 200), (await AskAsync(first), await AskAsync(second)));
    }

    [Fact]
    [Control("LIM-7", "connections of one address")]
    public async Task Behind_a_proxy_that_says_so_they_are_the_clients()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(
            upstream, "proxies: { networks: [127.0.0.1/32], hops: 1 }, proxyProtocol: true, intake: { connectionsPerAddress: 1 }");
        await using var first = await ProxiedAsync("192.0.2.7");
        Assert.Equal(200, await AskAsync(first));
        await using var second = await ProxiedAsync("192.0.2.8");
        Assert.Equal(200, await AskAsync(second));
        await using var third = await ProxiedAsync("192.0.2.7");
        Assert.True(await third.ClosesAsync());
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-refused", Cancel);
        Assert.Equal(("192.0.2.7", "127.0.0.1"), ((string?)line["client"], (string?)line["peer"]));

        async Task<RawHttpClient> ProxiedAsync(string address)
        {
            var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
            await client.SendAsync($"PROXY TCP4 {address} 192.0.2.1 5000 80\r\n");
            return client;
        }
    }

    [Fact]
    [Control("LIM-7", "streams of one address")]
    public async Task More_streams_than_an_address_may_have_are_refused_over_all_of_its_connections()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(http => release.Task.WaitAsync(http.RequestAborted));
        await using var gateway = await StartAsync(upstream, "protocols: [http2], intake: { streamsPerAddress: 3 }");
        await using var first = await FrameClient.ConnectAsync(gateway.AddressOf("edge"));
        await using var second = await FrameClient.ConnectAsync(gateway.AddressOf("edge"));
        await using var other = await FrameClient.ConnectAsync(gateway.AddressOf("edge"), from: IPAddress.Parse("127.0.0.2"));
        await first.SendAsync([.. Get(1), .. Get(3)]);
        await Eventually.HoldsAsync(() => Task.FromResult(upstream.Requests.Count == 2), Cancel);
        await second.SendAsync(Get(1));
        await Eventually.HoldsAsync(() => Task.FromResult(upstream.Requests.Count == 3), Cancel);

        await second.SendAsync(Get(3));
        await Eventually.HoldsAsync(() => Task.FromResult(second.HasEnded(3)), Cancel);
        var record = await gateway.AccessLog.WaitForAsync(r => r["problem"] is not null, Cancel);
        Assert.Equal(
            ("too-many-streams", 429, "streams", "127.0.0.1"),
            ((string?)record["problem"], (int)record["status"]!, (string?)record["decidedBy"], (string?)record["client"]));
        await other.SendAsync(Get(1));
        await Eventually.HoldsAsync(() => Task.FromResult(upstream.Requests.Count == 4), Cancel);
        Assert.False(first.HasEnded(1) || first.HasEnded(3) || second.HasEnded(1) || other.HasEnded(1));

        release.SetResult();
        await Eventually.HoldsAsync(
            () => Task.FromResult(first.HasEnded(1) && first.HasEnded(3) && second.HasEnded(1) && other.HasEnded(1)), Cancel);
        await second.SendAsync([.. Get(5), .. Get(7), .. Get(9)]); // what has ended is free again
        await Eventually.HoldsAsync(() => Task.FromResult(second.HasEnded(5) && second.HasEnded(7) && second.HasEnded(9)), Cancel);
        Assert.Equal((7, 0), (upstream.Requests.Count, second.Received(Http2Frame.Reset)));

        static byte[] Get(int stream) =>
            Http2Frame.Frame(Http2Frame.Headers, Http2Frame.EndStream | Http2Frame.EndHeaders, stream, Http2Frame.Request("/things/1"));
    }

    [Fact]
    [Control("LIM-7", "streams of one address")]
    public async Task What_a_trusted_proxy_brings_counts_for_whom_it_is()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(http => release.Task.WaitAsync(http.RequestAborted));
        await using var gateway = await StartAsync(upstream, "proxies: { networks: [127.0.0.1/32], hops: 1 }, intake: { streamsPerAddress: 1 }");
        await using var first = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await first.SendAsync(For("192.0.2.7"));
        await upstream.NextAsync(Cancel);
        await using var second = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await second.SendAsync(For("192.0.2.7"));
        Assert.Equal(429, (await second.ReadResponseAsync()).Status);
        await second.SendAsync(For("192.0.2.8"));
        await upstream.NextAsync(Cancel);
        release.SetResult();
        Assert.Equal((200, 200), ((await first.ReadResponseAsync()).Status, (await second.ReadResponseAsync()).Status));

        static string For(string client) => $"GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {client}\r\n\r\n";
    }

    [Fact]
    public async Task Records_no_more_refused_connections_than_a_log_can_bear()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            Declaration(upstream, "intake: { connectionsPerAddress: 1 }"), clock: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var first = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        Assert.Equal(200, await AskAsync(first));
        for (var i = 0; i < 150; i++) Assert.False(await IsServedAsync(gateway, "127.0.0.1"));

        Assert.Equal(100, gateway.AccessLog.Records.Count(r => (string?)r["event"] == "connection-refused"));
        Assert.Matches("""gatehouse_connections_refused_total\{[^}]*reason="too many connections of one address"[^}]*\} 150""",
            await gateway.Administration.GetStringAsync("/metrics", Cancel));
    }

    private static async Task<int> AskAsync(RawHttpClient client)
    {
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return (await client.ReadResponseAsync()).Status;
    }

    /// <summary>Whether one more connection, from this address, gets an answer.</summary>
    private static async Task<bool> IsServedAsync(TestGateway gateway, string from)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await socket.ConnectAsync(gateway.AddressOf("edge"), Cancel);
            await socket.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
            var buffer = new byte[16];
            var read = await socket.ReceiveAsync(buffer, Cancel).AsTask().WaitAsync(Patience.Limit, Cancel);
            return Encoding.ASCII.GetString(buffer, 0, read).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static SmallDeclaration Declaration(FakeUpstream upstream, string more) =>
        new(upstream.Address) { Listener = "address: \"127.0.0.1:0\", serves: [public], " + more };

    private static Task<TestGateway> StartAsync(FakeUpstream upstream, string more) => TestGateway.StartAsync(Declaration(upstream, more));
}
