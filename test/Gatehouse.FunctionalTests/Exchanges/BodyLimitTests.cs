using System.Net;
using System.Net.Http;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

public sealed class BodyLimitTests
{
    private const int Chunk = 64 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("LIM-2")]
    public async Task An_announced_length_over_the_limit_is_refused_before_a_byte_of_it(Speech speech)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Write),
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/things/1")
        {
            Version = front.Client.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content = new ByteArrayContent(new byte[2 * 1024 * 1024]);
        request.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await front.Client.SendAsync(request, Cancel)).StatusCode);
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(("body-too-large", "body", 0), ((string?)record["problem"], (string?)record["decidedBy"], (int)record["bytesIn"]!));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData(Speech.CleartextHttp2, "/things/1")]
    [InlineData(Speech.CleartextHttp2, "/little/1")]
    [InlineData(Speech.Http2, "/things/1")]
    [InlineData(Speech.Http2, "/little/1")]
    [Control("LIM-2")]
    public async Task A_body_that_grows_over_the_limit_is_refused_while_it_arrives(Speech speech, string path)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(speech,
            new SmallDeclaration(upstream.Address) { MoreRoutes = RoutesForTests.Of(RoutesForTests.Write, RoutesForTests.SmallSearch) });
        using var content = new Unannounced(1024);
        var response = await front.Client.PostAsync(path, content, Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal("body-too-large", (string?)record["problem"]);
        Assert.Empty(upstream.Requests); // a request is recorded there when its body is whole
        Assert.Equal(HttpStatusCode.OK, (await front.Client.GetAsync("/things/1", Cancel)).StatusCode);
    }

    /// <summary>A body whose length nobody knows before; it ends early once nobody takes it.</summary>
    private sealed class Unannounced(int chunks) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, Cancel);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            var chunk = new byte[Chunk];
            for (var i = 0; i < chunks; i++) await stream.WriteAsync(chunk, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
