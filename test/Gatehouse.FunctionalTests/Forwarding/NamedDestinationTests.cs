using System.Net;
using System.Net.Sockets;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>Destinations that are declared by name, with a resolver of the test's own.</summary>
public sealed class NamedDestinationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_that_leads_elsewhere_is_followed_by_the_next_connection()
    {
        await using var before = Answering("before", null);
        await using var after = Answering("after", new IPEndPoint(IPAddress.Parse("127.0.0.2"), before.Port));
        IPAddress[] addresses = [IPAddress.Loopback];
        var dialer = new Dialer((_, _) => Task.FromResult(addresses), TimeProvider.System);
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(new Uri($"http://orders.internal:{before.Port}")), dialer: dialer);

        Assert.Equal("before", (await host.GetAsync("/")).Text);
        Assert.Contains("Host: orders.internal", await before.NextHeadAsync(Cancel), StringComparison.Ordinal);
        addresses = [IPAddress.Parse("127.0.0.2")];

        Assert.Equal("after", (await host.GetAsync("/")).Text);
    }

    [Fact]
    public async Task All_addresses_of_a_name_are_tried()
    {
        await using var service = Answering("well", null);
        var dialer = new Dialer((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]), TimeProvider.System);
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(new Uri($"http://orders.internal:{service.Port}")), dialer: dialer);

        Assert.Equal("well", (await host.GetAsync("/")).Text);
    }

    [Fact]
    public async Task A_name_that_leads_nowhere_is_a_destination_that_cannot_be_connected_to()
    {
        await using var other = await FakeUpstream.StartAsync();
        var dialer = new Dialer((_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)), TimeProvider.System);
        var nowhere = new Uri("http://orders.internal:5101");
        await using var alone = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(nowhere), dialer: dialer);
        await using var besides = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(nowhere, other.Address), dialer: dialer);

        Assert.Equal(502, (await alone.GetAsync("/")).Status);
        var exchange = await alone.EndedAsync(Cancel);
        Assert.Equal((Problems.UpstreamFailed, "no destination could be connected to"), (exchange.Problem, exchange.Reason));
        for (var i = 0; i < 4; i++) Assert.Equal(200, (await besides.GetAsync("/")).Status);
    }

    /// <summary>Answers one request of each connection.</summary>
    private static RawUpstream Answering(string text, IPEndPoint? at) => RawUpstream.Start(
        async connection =>
        {
            if (await connection.ReadHeadAsync() is null) return;
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {text.Length}\r\n\r\n{text}");
        }, at);
}
