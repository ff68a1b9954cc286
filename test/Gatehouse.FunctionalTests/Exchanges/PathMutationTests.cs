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
