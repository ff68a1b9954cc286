using System.Net;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>What a service sends after its answer's body and nobody may be sent: the answer is refused, or cut, and the service is judged.</summary>
public sealed class HostileTrailerTests
{
    private const string Why = "the response has a trailer that cannot be passed on";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("X-Z: a\u001b[31m\r\n", null)]
    [InlineData("X-Y: 1\r\nX-Powered-By: of-the-inside\r\nX-Z: a\u001b\r\n", null)]
    [InlineData("X-Y: 1\r\nX-Z: a\u001b\r\n", "application/grpc")] // asked like this, an answer is ended before its request is
    [Control("SMG-12", "trailers")]
    public async Task Before_anything_was_sent_it_is_a_502_without_trailers(string trailers, string? asks)
    {
        await using var hostile = Ending("", trailers);
        await using var well = await FakeUpstream.StartAsync();
        await using var host = await StartAsync(hostile.Address, well.Address);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());

        for (var i = 0; i < 2; i++) // each destination in its turn
        {
            using var request = Http2(host);
            if (asks is not null) (request.Method, request.Content) = (HttpMethod.Post, Asking(asks));
            using var response = await client.SendAsync(request, Cancel);
            var text = await response.Content.ReadAsStringAsync(Cancel);
            var exchange = await host.EndedAsync(Cancel);
            Assert.Empty(response.TrailingHeaders);
            if (exchange.Forward.Destination == well.Address.GetLeftPart(UriPartial.Authority)) continue;
            Assert.Equal((HttpStatusCode.BadGateway, Problems.UpstreamFailed, Why), (response.StatusCode, exchange.Problem, exchange.Reason));
            Assert.Contains(Problems.UpstreamFailed.Type, text, StringComparison.Ordinal);
        }

        Assert.Equal((false, true), (host.IsUsable(hostile.Address), host.IsUsable(well.Address)));
    }

    [Fact]
    [Control("SMG-12", "trailers")]
    public async Task After_a_part_was_sent_the_client_is_cut()
    {
        var taken = new TaskCompletionSource();
        await using var hostile = Ending("4\r\nhalf\r\n", "X-Z: a\u001b\r\n", taken.Task);
        await using var host = await StartAsync(hostile.Address);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = Http2(host);

        using var response = await client.SendAsync(request, Cancel);
        var body = await response.Content.ReadAsStreamAsync(Cancel);
        var half = new byte[4];
        await body.ReadExactlyAsync(half, Cancel);
        taken.SetResult();

        Assert.Equal("half", Encoding.ASCII.GetString(half));
        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadAsync(half, Cancel).AsTask());
        var exchange = await host.EndedAsync(Cancel);
        Assert.Equal((Problems.UpstreamFailed, Why), (exchange.Problem, exchange.Reason));
    }

    /// <summary>Answers every request like this, the end of it when it may.</summary>
    private static RawUpstream Ending(string chunks, string trailers, Task? may = null) => RawUpstream.Start(async connection =>
    {
        while (await connection.ReadHeadAsync() is not null)
        {
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
            if (may is not null) await may.WaitAsync(connection.Stopped);
            await connection.WriteAsync($"0\r\n{trailers}\r\n");
        }
    });

    private static Task<ForwardingHost> StartAsync(params Uri[] destinations) => ForwardingHost.StartAsync(
        ForwardingHost.UpstreamOf(destinations) with
        {
            Ejection = new EjectionRule(1, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), Share.Percent(50)),
        },
        protocols: HttpProtocols.Http2);

    private static ByteArrayContent Asking(string contentType)
    {
        var content = new ByteArrayContent([0, 0, 0, 0, 0]);
        content.Headers.ContentType = new(contentType);
        return content;
    }

    private static HttpRequestMessage Http2(ForwardingHost host) => new(HttpMethod.Get, new Uri($"http://127.0.0.1:{host.Port}/"))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
