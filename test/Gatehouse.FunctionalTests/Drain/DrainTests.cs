using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Drain;

public sealed class DrainTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private readonly TaskCompletionSource _release = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AVL-2")]
    [Control("AVL-5")]
    public async Task Readiness_fails_first_then_answers_say_goodbye_and_what_is_in_flight_finishes()
    {
        await using var upstream = await SlowUpstreamAsync();
        await using var gateway = await StartAsync(upstream);
        var slow = gateway.Client("edge").GetAsync("/things/slow", Cancel);
        await upstream.NextAsync(Cancel);

        var stopping = gateway.Running.StopAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Administration.GetAsync("/readyz", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Administration.GetAsync("/livez", Cancel)).StatusCode);
        var during = await gateway.Client("edge").GetAsync("/things/1", Cancel);
        Assert.Equal((HttpStatusCode.OK, true), (during.StatusCode, during.Headers.ConnectionClose));

        _clock.Advance(TimeSpan.FromSeconds(1));
        await RefusesAsync(gateway);
        Assert.False(stopping.IsCompleted);
        _release.SetResult();
        Assert.Equal("done", await (await slow).Content.ReadAsStringAsync(Cancel));
        await stopping;
        Assert.EndsWith("gatehouse: stopped\n", gateway.Events, StringComparison.Ordinal);
        Assert.Contains(gateway.AccessLog.Records, r => (int)r["status"]! == 200);
    }

    [Theory]
    [InlineData("HTTP/1.1", "")]
    [InlineData("HTTP/1.0", "Connection: keep-alive\r\n")]
    [Control("AVL-2", "an answer that is a failure")]
    public async Task Failures_say_goodbye_too(string version, string more)
    {
        await using var upstream = RawUpstream.Answering("");
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address) { Drain = "announce: 1s, finish: 5s" }, clock: _clock);
        var stopping = gateway.Running.StopAsync(CancellationToken.None);
        var response = await RawHttpClient.ExchangeAsync(
            gateway.AddressOf("edge").Port, $"GET /things/1 {version}\r\nHost: localhost\r\n{more}\r\n");
        Assert.Equal((502, "close"), (response.Status, response.Header("Connection")));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await stopping;
    }

    [Fact]
    [Control("AVL-2")]
    public async Task What_does_not_finish_in_time_is_cut()
    {
        await using var upstream = await SlowUpstreamAsync();
        await using var gateway = await StartAsync(upstream);
        var slow = gateway.Client("edge").GetAsync("/things/slow", Cancel);
        await upstream.NextAsync(Cancel);
        var stopping = gateway.Running.StopAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await RefusesAsync(gateway);
        _clock.Advance(TimeSpan.FromSeconds(5)); // before the upstream's own time for a head is over
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
        await stopping;
        Assert.Contains("stopped; what was not finished was cut", gateway.Events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hurried_stop_does_not_wait()
    {
        await using var upstream = await SlowUpstreamAsync();
        await using var gateway = await StartAsync(upstream);
        var slow = gateway.Client("edge").GetAsync("/things/slow", Cancel);
        await upstream.NextAsync(Cancel);
        using var hurry = new CancellationTokenSource();
        var stopping = gateway.Running.StopAsync(hurry.Token);
        await hurry.CancelAsync();
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
    }

    private async Task<FakeUpstream> SlowUpstreamAsync() => (await FakeUpstream.StartAsync()).On("/things/slow", async http =>
    {
        await _release.Task.WaitAsync(http.RequestAborted);
        await http.Response.WriteAsync("done");
    });

    private Task<TestGateway> StartAsync(FakeUpstream upstream) =>
        TestGateway.StartAsync(new SmallDeclaration(upstream.Address) { Drain = "announce: 1s, finish: 5s" }, clock: _clock);

    /// <summary>Waits until the listener no longer takes connections.</summary>
    private static async Task RefusesAsync(TestGateway gateway)
    {
        while (true)
        {
            try
            {
                await gateway.Client("edge").GetAsync("/things/1", Cancel);
            }
            catch (HttpRequestException)
            {
                return;
            }
        }
    }
}
