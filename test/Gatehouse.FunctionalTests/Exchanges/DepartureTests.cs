using System.Net;
using System.Net.Http;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>A client that leaves is nobody's refusal and nobody's failure.</summary>
public sealed class DepartureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/things/1", true)]
    [InlineData("/things/1", false)]
    [InlineData("/little/1", true)]
    [InlineData("/little/1", false)]
    public async Task While_its_body_is_read(string path, bool reset)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(Speech.Http1,
            new SmallDeclaration(upstream.Address) { MoreRoutes = RoutesForTests.Of(RoutesForTests.Write, RoutesForTests.SmallSearch) });
        var client = await RawHttpClient.ConnectAsync(front.Gateway.AddressOf("edge").Port);
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await client.ReadHeadAsync()).Status); // the gateway reads the body now
        await client.SendAsync("12345");
        if (reset) client.Reset();
        else await client.DisposeAsync();
        AssertLeft(await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel));
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("RES-6")]
    public async Task While_the_answer_is_awaited(Speech speech)
    {
        var cancelled = new TaskCompletionSource();
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/slow", async http =>
        {
            await using var _ = http.RequestAborted.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
        });
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address));
        using var leave = new CancellationTokenSource();
        var call = front.Client.GetAsync("/things/slow", leave.Token);
        await upstream.NextAsync(Cancel);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cancelled.Task.WaitAsync(Cancel); // the backend hears of it
        AssertLeft(await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel));
    }

    [Theory]
    [InlineData(Speech.CleartextHttp2, "/things/1")]
    [InlineData(Speech.Http2, "/little/1")]
    public async Task While_its_body_is_read_from_a_stream_of_http2(Speech speech, string path)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(speech,
            new SmallDeclaration(upstream.Address) { MoreRoutes = RoutesForTests.Of(RoutesForTests.Write, RoutesForTests.SmallSearch) });
        using var leave = new CancellationTokenSource();
        using var half = new HalfABody(leave);
        await Assert.ThrowsAnyAsync<Exception>(() => front.Client.PostAsync(path, half, leave.Token));
        AssertLeft(await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel));
        Assert.Empty(upstream.Requests);
        Assert.Equal(HttpStatusCode.OK, (await front.Client.GetAsync("/things/1", Cancel)).StatusCode);
    }

    private static void AssertLeft(JsonObject record)
    {
        Assert.Equal((499, "client left"), ((int)record["status"]!, (string?)record["reason"]));
        Assert.Null(record["problem"]);
    }

    /// <summary>Sends five bytes of ten and leaves.</summary>
    private sealed class HalfABody(CancellationTokenSource leave) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[5], Cancel);
            await stream.FlushAsync(Cancel);
            await leave.CancelAsync();
            await Task.Delay(Timeout.Infinite, leave.Token);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 10;
            return true;
        }
    }
}
