using System.Globalization;
using System.Net;
using System.Net.Http;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

public sealed class WireTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_beyond_ASCII_in_a_backends_fields_pass_as_they_are()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nX-Name: caf\u00e9 \u00c3\u00a9\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal((200, "caf\u00e9 \u00c3\u00a9"), (response.Status, response.Header("X-Name"))); // the client reads Latin-1: one character a byte
    }

    [Fact]
    [Control("RTE-1")]
    public async Task Of_many_calls_at_once_exactly_as_many_as_allowed_reach_the_backend()
    {
        const int allowed = 100;
        const int calls = 400;
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address).ToString()
            .Replace("{ per: all, allow: 1000000, every: 1s }", "{ per: address, allow: 100, every: 31d }", StringComparison.Ordinal);
        await using var gateway = await TestGateway.StartAsync(declaration);
        var client = gateway.Client("edge");
        var answers = await Task.WhenAll(Enumerable.Range(0, calls).Select(i => client.GetAsync($"/things/{i}", Cancel)));
        Assert.Equal(allowed, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        var refused = answers.Where(a => a.StatusCode == HttpStatusCode.TooManyRequests && a.Headers.RetryAfter is not null).ToList();
        Assert.Equal(calls - allowed, refused.Count);
        Assert.All(refused, a => Assert.Equal("application/problem+json", a.Content.Headers.ContentType?.MediaType));
        Assert.Equal(allowed, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.CleartextHttp2)]
    [InlineData(Speech.Http2)]
    [Control("RTE-4")]
    public async Task Every_answer_of_a_limited_route_says_what_is_left(Speech speech)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Few),
        });
        for (var left = 1; left >= 0; left--)
        {
            var response = await front.Client.GetAsync("/few/1", Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("\"all\";q=2;w=2678400", Assert.Single(response.Headers.GetValues("RateLimit-Policy")));
            Assert.StartsWith($"\"all\";r={left};t=", Assert.Single(response.Headers.GetValues("RateLimit")), StringComparison.Ordinal);
        }

        var refused = await front.Client.GetAsync("/few/1", Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("\"all\";q=2;w=2678400", Assert.Single(refused.Headers.GetValues("RateLimit-Policy")));
        var t = int.Parse(Assert.Single(refused.Headers.GetValues("RateLimit"))["\"all\";r=0;t=".Length..], CultureInfo.InvariantCulture);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, t, t + 1);
    }
}
