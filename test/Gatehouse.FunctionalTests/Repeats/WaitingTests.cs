using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Forwarding;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>What happens between two attempts, with a clock that the test moves.</summary>
public sealed class WaitingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sends_nothing_more_for_a_client_that_has_left()
    {
        await using var failing = await FakeUpstream.StartAsync();
        failing.On("/", 503, "", ("Retry-After", "1"));
        await using var host = await ForwardingHost.StartAsync(Retried(failing), new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await failing.NextAsync(Cancel);
        client.Reset();
        var exchange = await host.EndedAsync(Cancel);

        Assert.Equal("client left", exchange.Reason);
        Assert.Equal(1, exchange.Forward.Attempts);
        Assert.Single(failing.Requests);
        Assert.Equal(0, host.Meter.Retries("orders", "unavailable").Value); // one that was decided on, and not sent
    }

    [Fact]
    public async Task Waits_before_it_sends_again()
    {
        await using var failing = await FakeUpstream.StartAsync();
        failing.On("/", 503, "", ("Retry-After", "1"));
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await ForwardingHost.StartAsync(Retried(failing), clock);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await failing.NextAsync(Cancel);
        Assert.Single(failing.Requests);
        var again = failing.NextAsync(Cancel);
        await Eventually.HoldsAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(100)); // the wait begins when the answer was read, which nobody tells
                return Task.FromResult(again.IsCompleted);
            },
            Cancel);

        Assert.Equal(503, (await client.ReadResponseAsync()).Status);
        Assert.Equal(2, (await host.EndedAsync(Cancel)).Forward.Attempts);
        Assert.Equal(1, host.Meter.Retries("orders", "unavailable").Value);
    }

    private static Upstream Retried(FakeUpstream upstream) => ForwardingHost.UpstreamOf(upstream.Address) with
    {
        Retries = RetryRules.Usual with { Budget = Share.Percent(20) },
    };
}
