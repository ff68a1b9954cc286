using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>Whatever a body holds and however its exchange ends: nothing of it is ever taken for a request.</summary>
public sealed class LeftBodyTests
{
    private const string Within = "GET /things/within HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Control("SMG-11")]
    public async Task The_rest_of_a_body_is_no_request(bool reset)
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .Otherwise(static http => http.Request.Body.CopyToAsync(Stream.Null), readsBody: true);
        await using var front = await StartAsync(upstream);
        const int Calls = 40;
        var body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Within, 4000)));
        for (var i = 0; i < Calls; i++)
        {
            var client = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
            await client.SendAsync("POST /search/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
            await client.SendAsync(body);
            if (i % 2 == 0) await upstream.NextAsync(Cancel); // at the latest now the gateway reads; a reset may overtake what was sent before it
            if (reset) client.Reset();
            else await client.DisposeAsync();
        }

        await front.Gateway.AccessLog.RecordsAsync(Calls / 2, Cancel);
        await front.Gateway.Running.StopAsync(CancellationToken.None); // every connection has ended: nothing more is recorded
        Assert.InRange(front.Gateway.AccessLog.Records.Count, Calls / 2, Calls);
        Assert.All(front.Gateway.AccessLog.Records, r => Assert.Equal("/search/{id}", (string?)r["path"]));
        Assert.DoesNotContain(upstream.Requests, r => r.Target.Contains("within", StringComparison.Ordinal));
    }

    [Fact]
    [Control("SMG-11")]
    public async Task An_answer_before_the_end_of_the_body_ends_the_connection()
    {
        await using var upstream = (await FakeUpstream.StartAsync(HttpProtocols.Http2))
            .On("/search/1", static http => http.Response.WriteAsync("ok", Cancel), readsBody: true);
        await using var front = await StartAsync(upstream, "http2");
        await using var client = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
        await client.SendAsync("POST /search/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
        var response = await client.ReadResponseAsync();
        Assert.Equal((200, "close"), (response.Status, response.Header("Connection")));
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [Control("SMG-11")]
    public async Task A_body_that_was_read_leaves_the_connection_open(string framed)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await StartAsync(upstream);
        await using var client = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync($"POST /search/{i} HTTP/1.1\r\nHost: localhost\r\n{framed}");
            var response = await client.ReadResponseAsync();
            Assert.Equal((200, null), (response.Status, response.Header("Connection")));
        }
    }

    private static Task<Front> StartAsync(FakeUpstream upstream, string protocol = "http1") =>
        Front.StartAsync(Speech.Http1, new SmallDeclaration(upstream.Address)
        {
            Protocol = protocol,
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Search),
        });
}
