using System.Globalization;
using System.Net;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Answers;

/// <summary>What a service says beside its answer and a client never hears, in heads and in trailers, over sockets.</summary>
public sealed class LeftBehindTests
{
    private const string Secret = "of-the-inside";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Every field that stays behind, but those that frame the answer.</summary>
    private static IEnumerable<string> Telling =>
        AnswerFields.StayingBehind.Where(l => l.What is not ("of one connection" or "in trailers only"))
            .SelectMany(l => l.Names.Select(n => n.EndsWith('-') ? n + "Other" : n));

    [Fact]
    [Control("ERR-3")]
    public async Task Nothing_that_tells_of_the_service_reaches_a_client()
    {
        var fields = string.Concat(Telling.Select(n => $"{n}: {Secret}\r\n{n.ToLowerInvariant()}: {Secret}\r\n"));
        await using var upstream = RawUpstream.Answering(
            $"HTTP/1.1 200 OK\r\n{fields}X-Kept: 1\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));

        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal((200, "ok", "1"), (response.Status, response.Text, response.Header("X-Kept")));
        Assert.DoesNotContain(response.Headers, h => h.Value.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    [Control("ERR-3", "addresses of the inside")]
    public async Task No_address_of_the_service_reaches_a_client()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var inside = $"http://127.0.0.1:{upstream.Port}";
        upstream.On("/things/1", 201, "ok", ("Location", inside + "/a"), ("Content-Location", inside + "/b"), ("Link", $"<{inside}/c>; rel=next"));
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));

        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal((201, "/a"), (response.Status, response.Header("Location")));
        var port = upstream.Port.ToString(CultureInfo.InvariantCulture);
        Assert.DoesNotContain(response.Headers, h => h.Value.Contains(port, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("SMG-6", "trailers of answers")]
    public async Task Trailers_of_an_answer_are_those_that_may_follow_a_body(Speech speech)
    {
        string[] dropped =
        [
            "Content-Type", "Cache-Control", "Set-Cookie", "Location", "Link", "WWW-Authenticate", "Trailer", "Authorization", "X-Request-Id",
            "Gatehouse-Assertion", "X-Forwarded-For", "Server", "X-Powered-By", "X-Api-Key",
        ];
        await using var upstream = (await FakeUpstream.StartAsync(HttpProtocols.Http2)).On("/things/1", async http =>
        {
            await http.Response.WriteAsync("ok");
            foreach (var name in dropped) http.Response.AppendTrailer(name, Secret);
            http.Response.AppendTrailer("X-Checksum", "1");
        });
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address) { Protocol = "http2" });

        using var response = await front.Client.GetAsync("/things/1", Cancel);

        Assert.Equal((HttpStatusCode.OK, "ok"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel)));
        // in HTTP/1.1 nobody has asked for them
        Assert.Equal(speech == Speech.Http1 ? [] : ["x-checksum"], response.TrailingHeaders.Select(h => h.Key));
    }
}
