using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cors;

/// <summary>What a browser hears before and after a call of another site's script.</summary>
public sealed class CorsTests
{
    private const string Shop = "https://shop.example";

    private const string Closed =
        """

              get-secret:
                match: GET /secret/{id}
                exposure: public
                effect: read
                personalData: none
                cors: { origins: ["https://shop.example"] }
                access: { consumers: [shop], scopes: [things.read] }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              drop-thing:
                match: POST /things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              get-near:
                match: GET /near/{id}
                exposure: public
                effect: read
                personalData: none
                addresses: { allow: [10.0.0.0/8] }
                cors: { origins: ["https://shop.example"] }
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              get-half:
                match: GET /half/{id}
                exposure: public
                effect: read
                personalData: none
                addresses: { allow: [10.0.0.0/8] }
                cors: { origins: ["https://shop.example"] }
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
              find-half:
                match: POST /half/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
          both:
            owner: both@retailer.example
            purpose: Of two methods of one path one is opened
            upstream: things
            each:
              cors: { origins: ["https://shop.example"], methods: [GET] }
              exposure: public
              personalData: none
              access: { anonymous: "a test" }
              limits: [ { per: all, allow: 1000000, every: 1s } ]
            routes:
              get-both: { match: "GET /both/{id}", effect: read }
              find-both: { match: "POST /both/{id}", effect: read }
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("VAL-11")]
    public async Task A_preflight_is_answered_and_recorded_and_no_backend_hears_of_it()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var response = await PreflightAsync(gateway, "/secret/1?x=1", "GET");
        Assert.Equal((204, Shop), (response.Status, response.Header("Access-Control-Allow-Origin")));
        Assert.Equal(("GET", "GET"), (response.Header("Access-Control-Allow-Methods"), response.Header("Allow")));
        Assert.NotNull(response.Header("X-Request-Id"));
        var record = await gateway.AccessLog.WaitForAsync(r => (int)r["status"]! == 204, Cancel);
        Assert.Equal(("things/get-secret", "cors"), ((string?)record["route"], (string?)record["decidedBy"]));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("/things/1", "POST", Shop, 405)] // the path has an opened route, but not for this method
    [InlineData("/things/1", "DELETE", Shop, 405)]
    [InlineData("/things/1", "get", Shop, 405)]
    [InlineData("/both/1", "POST", Shop, 405)] // named by a 'cors' that opens another method
    [InlineData("/things/1", "GET", "https://evil.example", 405)]
    [InlineData("/things/1", "GET", "null", 405)]
    [InlineData("/nothing", "GET", Shop, 404)]
    [InlineData("/near/1", "GET", Shop, 404)] // not from this address: as for the call itself
    [InlineData("/half/1", "GET", Shop, 405)] // nor this, and another method is served
    [Control("VAL-11")]
    [Control("EXP-2")]
    public async Task What_is_not_opened_gets_the_answer_of_any_other_options(string path, string method, string origin, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var port = gateway.AddressOf("edge").Port;
        var asked = await PreflightAsync(gateway, path, method, origin);
        var plain = await RawHttpClient.ExchangeAsync(port, $"{(status == 404 ? "GET" : "OPTIONS")} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(status, asked.Status);
        Assert.Equal(plain.Status, asked.Status);
        Assert.Equal(NamesOf(plain), NamesOf(asked));
        Assert.Equal(plain.Header("Allow"), asked.Header("Allow"));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Origin: https://shop.example\r\n")]
    [InlineData("Access-Control-Request-Method: GET\r\n")]
    [InlineData("Origin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Method: GET\r\n")]
    [Control("EXP-2")]
    public async Task Any_other_options_is_a_method_that_is_not_served(string headers)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var response = await RawHttpClient.ExchangeAsync(
            gateway.AddressOf("edge").Port, $"OPTIONS /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        Assert.Equal((405, "GET, POST", null), (response.Status, response.Header("Allow"), response.Header("Access-Control-Allow-Origin")));
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    [Control("VAL-11")]
    public async Task A_script_of_the_site_can_read_answers_and_refusals_and_no_other_can()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/things/1", 200, "ok", ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"), ("Vary", "Accept"));
        await using var gateway = await StartAsync(upstream);
        Assert.Equal((200, Shop, "Accept,Origin"), await CallAsync(gateway, "/things/1", Shop));
        Assert.Equal((200, null, "Accept,Origin"), await CallAsync(gateway, "/things/1", "https://evil.example"));
        Assert.Equal((401, Shop, "Origin"), await CallAsync(gateway, "/secret/1", Shop));
        Assert.Equal((401, null, "Origin"), await CallAsync(gateway, "/secret/1", "null"));
    }

    [Fact]
    [Control("VAL-11")]
    public async Task A_backend_cannot_open_the_methods_that_are_not()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/both/1", 200, "ok", ("Access-Control-Allow-Origin", Shop), ("Access-Control-Allow-Credentials", "true"));
        await using var gateway = await StartAsync(upstream);
        Assert.Equal((200, Shop, "Origin"), await CallAsync(gateway, "/both/1", Shop));
        Assert.Equal((200, null, ""), await CallAsync(gateway, "/both/1", Shop, "POST"));
    }

    private static async Task<(int Status, string? Allowed, string? Vary)> CallAsync(
        TestGateway gateway, string path, string origin, string method = "GET")
    {
        var length = method == "POST" ? "Content-Length: 0\r\n" : "";
        var response = await RawHttpClient.ExchangeAsync(
            gateway.AddressOf("edge").Port, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n{length}\r\n");
        var vary = string.Join(',', response.Headers.Where(h => h.Name == "Vary").Select(h => h.Value));
        return (response.Status, response.Header("Access-Control-Allow-Origin"), vary);
    }

    private static Task<RawResponse> PreflightAsync(TestGateway gateway, string path, string method, string origin = Shop) =>
        RawHttpClient.ExchangeAsync(
        gateway.AddressOf("edge").Port,
        $"OPTIONS {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n"
            + "Access-Control-Request-Headers: x-cart\r\n\r\n");

    private static IEnumerable<string> NamesOf(RawResponse response) => response.Headers.Select(h => h.Name).Order(StringComparer.Ordinal);

    private static Task<TestGateway> StartAsync(FakeUpstream upstream)
    {
        return TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address)
            {
                MoreOfRoute = "cors: { origins: [\"https://shop.example\"], expose: [X-Request-Id] }",
                MoreRoutes = Closed,
                More = RoutesForTests.Shop,
            },
            new Dictionary<string, string> { ["pepper"] = new('p', 40) });
    }
}
