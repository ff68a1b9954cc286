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
