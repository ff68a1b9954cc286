using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>A service that takes a request and closes the connection without a byte: it may have done what was asked.</summary>
public sealed class SentOnceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [Control("RES-3", "what changes something is sent once")]
    [InlineData("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task Sends_what_changes_something_to_one_service_once(string request)
    {
        await using var broken = RawUpstream.Answering(""); // it reads, acts, and is gone
        await using var upstream = await FakeUpstream.StartAsync();
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(broken.Address, upstream.Address), effect: Effect.Action);

        var response = await RawHttpClient.ExchangeAsync(host.Port, request);

        Assert.Equal(502, response.Status);
        Assert.Equal(1, broken.Connections);
        Assert.Empty(upstream.Requests);
        Assert.True((await host.EndedAsync(Cancel)).Forward.MayHaveArrived);
    }

    [Fact]
    public async Task Sends_a_read_again_over_another_connection()
    {
        await using var broken = RawUpstream.Answering("");
        await using var host = await ForwardingHost.StartAsync(broken.Address);
        Assert.Equal(502, (await host.GetAsync("/")).Status);
        Assert.InRange(broken.Connections, 2, 4); // what the client below does by itself, and must not do to what changes something
    }
}
