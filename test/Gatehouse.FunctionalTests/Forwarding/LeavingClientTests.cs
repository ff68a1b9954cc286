using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>A client that leaves ends the work that was begun for it, over every pair of versions, while it sends and while it is answered.</summary>
public sealed class LeavingClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Control("RES-6")]
    [Theory]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http2)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http2)]
    public async Task While_it_sends_its_body(HttpProtocols downstream, HttpProtocols toService)
    {
        var (begun, ended) = (NewSignal(), NewSignal());
        await using var upstream = await FakeUpstream.StartAsync(toService);
        upstream.Otherwise(
            async http =>
            {
                await http.Request.Body.ReadExactlyAsync(new byte[5]);
                begun.TrySetResult();
                try
                {
                    await http.Request.Body.CopyToAsync(Stream.Null);
                }
                catch (Exception e) when (e is IOException or OperationCanceledException or Microsoft.AspNetCore.Http.BadHttpRequestException)
                {
                    ended.TrySetResult(); // the rest does not come, and it is told so
                }
            }, readsBody: true);
        await using var host = await StartAsync(upstream, downstream);
        using var client = Client();
        using var leave = new CancellationTokenSource();
        using var request = Request(host, downstream, HttpMethod.Post);
        request.Content = new EndlessContent();

        var call = client.SendAsync(request, leave.Token);
        await begun.Task.WaitAsync(Patience.Limit, Cancel);
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await ended.Task.WaitAsync(Patience.Limit, Cancel);
        await AssertLeftAsync(host, upstream);
    }

    [Control("RES-6")]
    [Theory]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http1, HttpProtocols.Http2)]
    [InlineData(HttpProtocols.Http2, HttpProtocols.Http2)]
    public async Task While_it_is_answered(HttpProtocols downstream, HttpProtocols toService)
    {
        var ended = NewSignal();
        await using var upstream = await FakeUpstream.StartAsync(toService);
        upstream.Otherwise(async http =>
        {
            await using var _ = http.RequestAborted.Register(() => ended.TrySetResult());
            await http.Response.WriteAsync("first");
            await http.Response.Body.FlushAsync();
            await ended.Task;
        });
        await using var host = await StartAsync(upstream, downstream);
        using var client = Client();
        using (var request = Request(host, downstream, HttpMethod.Get))
        {
            using var response = await client.SendAsync(request, Cancel);
            var body = await response.Content.ReadAsStreamAsync(Cancel);
            await body.ReadExactlyAsync(new byte[5], Cancel);
        } // and it has heard enough

        await ended.Task.WaitAsync(Patience.Limit, Cancel);
        await AssertLeftAsync(host, upstream);
    }

    private static async Task AssertLeftAsync(ForwardingHost host, FakeUpstream upstream)
    {
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal("client left", exchange.Reason);
        Assert.Null(exchange.Problem);
        Assert.Equal(0, host.InFlight(upstream.Address));
        Assert.True(host.IsUsable(upstream.Address)); // nobody failed
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Task<ForwardingHost> StartAsync(FakeUpstream upstream, HttpProtocols downstream) => ForwardingHost.StartAsync(
        ForwardingHost.UpstreamOf(upstream.Address, upstream.Address) with // twice: the only one would not be left out for anything
        {
            Protocol = upstream.Protocols == HttpProtocols.Http2 ? UpstreamProtocol.Http2 : UpstreamProtocol.Http1,
            Ejection = EjectionRule.Usual with { After = 1, Most = Gatehouse.Configuration.Share.Percent(100) },
        }, protocols: downstream);

    private static HttpMessageInvoker Client() => new(new SocketsHttpHandler { UseProxy = false });

    private static HttpRequestMessage Request(ForwardingHost host, HttpProtocols protocols, HttpMethod method) =>
        new(method, new Uri($"http://127.0.0.1:{host.Port}/"))
        {
            Version = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    /// <summary>Sends more than the buffers on the way keep, and says that there is more.</summary>
    private sealed class EndlessContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(new byte[256 * 1024], cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
