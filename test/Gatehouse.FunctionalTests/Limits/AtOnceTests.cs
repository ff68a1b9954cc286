using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Limits;

/// <summary>What is under way at once, on real sockets: the place is free again however an exchange ends.</summary>
public sealed class AtOnceTests
{
    private const string Routes =
        """

              get-slow:
                match: GET /slow/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: address, atOnce: 2 } ]
              talk:
                match: GET /talk/{id}
                exposure: public
                effect: read
                personalData: none
                upgrade: websocket
                access: { anonymous: "a test" }
                limits: [ { per: address, atOnce: 1 } ]
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task<Front> StartAsync(Speech speech, FakeUpstream upstream) =>
        Front.StartAsync(speech, new SmallDeclaration(upstream.Address) { MoreRoutes = Routes });

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    [Control("RTE-1")]
    public async Task Refuses_a_third_call_while_two_are_under_way_and_contacts_nobody(Speech speech)
    {
        var go = new TaskCompletionSource();
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(async http =>
        {
            await go.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("ok");
        });
        await using var front = await StartAsync(speech, upstream);
        var under = new[] { front.Client.GetAsync("/slow/1", Cancel), front.Client.GetAsync("/slow/2", Cancel) };
        for (var i = 0; i < under.Length; i++) await upstream.NextAsync(Cancel);

        using var refused = await front.Client.GetAsync("/slow/3", Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Contains("urn:gatehouse:problem:too-many-at-once", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("\"address-at-once\";q=2;qu=\"concurrent-requests\"", refused.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Equal(2, upstream.Requests.Count);

        go.SetResult();
        foreach (var call in under) Assert.Equal(HttpStatusCode.OK, (await call).StatusCode);
        await PassesAsync(front);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    [Control("RTE-1")]
    public async Task Frees_the_places_of_clients_that_leave_before_the_answer_and_within_it(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(http => Task.Delay(Timeout.Infinite, http.RequestAborted))
            .On("/slow/stream", async http =>
            {
                await http.Response.WriteAsync("begun");
                await http.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            })
            .On("/slow/ok", 200, "ok");
        await using var front = await StartAsync(speech, upstream);
        for (var round = 0; round < 5; round++)
        {
            using var leave = new CancellationTokenSource();
            var waiting = front.Client.GetAsync("/slow/never", leave.Token);
            await upstream.NextAsync(Cancel);
            var stream = await front.Client.GetAsync("/slow/stream", HttpCompletionOption.ResponseHeadersRead, leave.Token);
            await upstream.NextAsync(Cancel);
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
            using var full = await front.Client.GetAsync("/slow/ok", Cancel);
            Assert.Equal(HttpStatusCode.TooManyRequests, full.StatusCode);
            await leave.CancelAsync();
            stream.Dispose();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            var over = 2 * (round + 1);
            await Eventually.HoldsAsync(() => Task.FromResult(front.Gateway.AccessLog.Records.Count(r => (int)r["status"]! != 429) == over), Cancel);
        }
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [Control("RTE-1")]
    public async Task Counts_a_WebSocket_until_it_ends(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(EchoAsync, readsBody: true);
        await using var front = await StartAsync(speech, upstream);
        for (var round = 0; round < 3; round++)
        {
            WebSocket? socket = null;
            await Eventually.HoldsAsync(async () =>
            {
                try
                {
                    socket = await front.WebSocketAsync("/talk/1", Cancel);
                    return true;
                }
                catch (WebSocketException) // the one before is just ending
                {
                    return false;
                }
            }, Cancel);
            using var open = socket!;
            await open.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, Cancel);
            await open.ReceiveAsync(new byte[100], Cancel);
            await Assert.ThrowsAsync<WebSocketException>(() => front.WebSocketAsync("/talk/2", Cancel));
            if (round == 1) open.Abort(); // without a word
            else await open.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        }

        await front.Gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "too-many-at-once", Cancel);
    }

    [Fact]
    [Control("RTE-1")]
    public async Task Frees_the_places_of_calls_whose_backend_fails()
    {
        await using var upstream = (await FakeUpstream.StartAsync()).Otherwise(http =>
        {
            http.Abort();
            return Task.CompletedTask;
        });
        await using var front = await StartAsync(Speech.Http1, upstream);
        for (var i = 0; i < 20; i++)
        {
            using var response = await front.Client.GetAsync("/slow/1", Cancel);
            // the client has its answer a moment before the exchange is over
            Assert.True(response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.TooManyRequests);
        }

        await Eventually.HoldsAsync(async () => (await front.Client.GetAsync("/slow/1", Cancel)).StatusCode == HttpStatusCode.BadGateway, Cancel);
    }

    private static Task PassesAsync(Front front) => Eventually.HoldsAsync(async () =>
    {
        using var response = await front.Client.GetAsync("/slow/ok", Cancel);
        return response.StatusCode == HttpStatusCode.OK;
    }, Cancel);

    private static async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, http.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }
}
