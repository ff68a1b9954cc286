using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>
/// One guarded path, written in every way that some program takes for the same: none of them is served to nobody, and to the one who may it is the
/// declared path and no other.
/// </summary>
public sealed class PathMutationTests : IDisposable
{
    private static readonly string[] Written =
    [
        "/orders/17", "/%6frders/17", "/%6F%72ders/%31%37", "/orders/17?", "/orders/17?x=/other", // the same
        "/Orders/17", "/ORDERS/17", "/orders/17/", "/orders/17//", "//orders/17", "/orders//17", "/orders/17.", "/orders./17", "/orders/17..",
        "/orders/17;x", "/orders;x/17", "/orders/17%3bx", "/;/orders/17", "/orders/;/17", "/orders/17;.json",
        "/orders/17%20", "/orders%20/17", "/%20orders/17",
        "/orders/17%00", "/orders/17%00.json", "/orders%2f17", "/orders%2F17", "/orders%5c17", "/orders\\17", "/orders/17%09", "/orders/17%0a",
        "/./orders/17", "/orders/./17", "/orders/17/.", "/x/../orders/17", "/orders/x/../17", "/orders/17/..", "/orders/17/../17", "/..;/orders/17",
        "/%2e/orders/17", "/%2e%2e/orders/17", "/orders/%2e/17", "/orders/.../17", "/orders/17%23", "/orders/17%3f", "/orders/17%2f", "/orders/17#",
        "/orders/17%c0%ae", "/orders%c0%af17", "/orders%e0%80%af17", "/orders/%2531%2537", "/%256frders/17", "/order%C5%BF/17", "/%EF%BD%8Frders/17",
        "/orders%EF%BC%8F17", "/orders%E2%88%9517", "/orders%E2%81%8417", "/orders%u002f17", "/orders/17%ff",
        "/orders/17~", "/orders/17,", "/orders/17:80",
        "/orders/17%3A80", "/orders/%40me", "/orders/%2a", "/orders%3A17", "/%40orders/17", "/orders%2B/17",
        "/orders/17@x", "/orders/*", "/orders/**", "http://localhost/orders/17", "HTTP://localhost/Orders/17", "http://localhost//orders/17",
    ];

    private readonly TestIssuer _issuer = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _issuer.Dispose();

    [Fact]
    [Control("NRM-5")]
    [Control("NRM-1", "what is decided on, logged and forwarded")]
    public async Task No_way_of_writing_a_path_gives_it_a_weaker_policy()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            new OrdersDeclaration(upstream)
            {
                Who = OrdersDeclaration.ByToken(OrdersDeclaration.Issuer, people: false),
                Access = "consumers: [web-shop]",
                MoreOfListener = ", throttle: { off: a test of many refusals }",
            } + Open,
            new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() });
        var token = _issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject { ["client_id"] = "web-shop", ["sub"] = "web-shop" });
        var (port, served) = (gateway.AddressOf("edge").Port, 0);
        foreach (var target in Written)
        {
            var (before, text) = (upstream.Requests.Count, $"GET {target} HTTP/1.1\r\nHost: localhost\r\n");
            var nobody = await RawHttpClient.ExchangeAsync(port, text + "\r\n");
            Assert.True(nobody.Status is 400 or 401 or 404 && upstream.Requests.Count == before, $"{target} answered nobody with {nobody.Status}");
            var known = await RawHttpClient.ExchangeAsync(port, $"{text}Authorization: Bearer {token}\r\n\r\n");
            Assert.True(known.Status is 200 or 400 or 404, $"{target} answered who may with {known.Status}");
            Assert.Equal(known.Status == 200, nobody.Status == 401);
            if (known.Status != 200) continue;
            served++;
            var record = await gateway.AccessLog.WaitForAsync(r => (string?)r["requestId"] == known.Header("X-Request-Id"), Cancel);
            Assert.Equal("/orders/{id}", (string?)record["path"]);
            Assert.Matches("^/orders/[^/;\\\\]+(\\?.*)?$", upstream.Requests[^1].Target);
        }

        Assert.InRange(served, 5, Written.Length / 3);
    }

    /// <summary>What is told by a colon is told by it however it is written, and the backend gets the one form.</summary>
    [Fact]
    [Control("NRM-5")]
    public async Task A_colon_that_is_encoded_takes_no_weaker_route()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            new OrdersDeclaration(upstream)
            {
                Who = OrdersDeclaration.ByToken(OrdersDeclaration.Issuer, people: false),
                Access = "consumers: [web-shop]",
            } + Open + Guarded,
            new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() });
        var port = gateway.AddressOf("edge").Port;
        foreach (var target in (string[])["/offers/42:close", "/offers/42%3Aclose", "/offers/42%3aclose", "/offers/%40me", "/offers/@me"])
        {
            var answer = await RawHttpClient.ExchangeAsync(port, $"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.True(answer.Status == 401 && upstream.Requests.Count == 0, $"{target} answered nobody with {answer.Status}");
        }

        var other = await RawHttpClient.ExchangeAsync(port, "GET /offers/42%3Aopen%2Bx HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, other.Status);
        Assert.Equal("/offers/42:open%2Bx", Assert.Single(upstream.Requests).Target);
    }

    /// <summary>Stronger routes that are for callers who prove themselves.</summary>
    private const string Guarded =
        """

              close-offer:
                match: GET /offers/{id}:close
                exposure: public
                effect: read
                personalData: none
                access: { consumers: [web-shop] }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              own-offer:
                match: GET /offers/@me
                exposure: public
                effect: read
                personalData: none
                access: { consumers: [web-shop] }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;

    /// <summary>A route beside it that is open to everybody.</summary>
    private const string Open =
        """

              get-offer:
                match: GET /offers/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;
}
