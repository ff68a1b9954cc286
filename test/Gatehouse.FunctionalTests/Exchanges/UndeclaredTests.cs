using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>What nobody declared, asked for over sockets.</summary>
public sealed class UndeclaredTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("EXP-1")]
    public async Task An_undeclared_path_is_one_generic_404_that_contacts_nobody()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var client = gateway.Client("edge");
        var paths = new List<string> { "/", "/things", "/things/", "/things/1/", "/Things/1", "/things/1/2", "/internal" };
        var segment = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-_~"], 1, 20];
        segment.Array[1, 4].Sample(s => paths.Add("/x" + string.Join("/", s)), iter: 50, threads: 1);
        var bodies = new HashSet<string>();
        foreach (var path in paths)
        {
            var response = await client.GetAsync(path, Cancel);
            Assert.Equal((path, HttpStatusCode.NotFound), (path, response.StatusCode));
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!.AsObject();
            body.Remove("requestId");
            bodies.Add($"{body} {string.Join(", ", response.Headers.Select(h => h.Key).Order(StringComparer.Ordinal))}");
        }

        Assert.Single(bodies);
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("192.0.2.0/24", 404, null)]
    [InlineData("127.0.0.0/8", 405, "GET")]
    [Control("ERR-4", "the methods of a route that is hidden from the client")]
    public async Task Who_may_not_learn_of_a_route_does_not_learn_its_methods(string allow, int status, string? methods)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address) { MoreOfRoute = $"addresses: {{ allow: [\"{allow}\"] }}" });
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        foreach (var method in new[] { "POST", "OPTIONS", "PURGE" })
        {
            await client.SendAsync($"{method} /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            var response = await client.ReadResponseAsync();
            Assert.Equal((status, methods), (response.Status, response.Header("Allow")));
        }
    }

    [Fact]
    [Control("ERR-4", "a route that is hidden from the client beside one that is not")]
    public async Task A_hidden_route_beside_an_open_one_is_a_method_that_is_not_served()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address)
        {
            MoreOfRoute = "addresses: { allow: [192.0.2.0/24] }",
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Write),
        });
        var port = gateway.AddressOf("edge").Port;
        var hidden = await RawHttpClient.ExchangeAsync(port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var missing = await RawHttpClient.ExchangeAsync(port, "DELETE /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal((405, "POST"), (missing.Status, missing.Header("Allow")));
        Assert.Equal((405, "POST"), (hidden.Status, hidden.Header("Allow")));
        Assert.Equal(missing.Headers.Select(h => h.Name), hidden.Headers.Select(h => h.Name));
        Assert.Equal(missing.Body.Length, hidden.Body.Length);
        var record = await gateway.AccessLog.WaitForAsync(r => (string?)r["method"] == "GET", Cancel);
        Assert.Equal(
            ("things/get-thing", "addresses", "the route does not take this client's address"),
            ((string?)record["route"], (string?)record["decidedBy"], (string?)record["reason"]));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    [InlineData("PROPFIND")]
    [InlineData("BREW")]
    [InlineData("get")]
    [Control("EXP-2")]
    public async Task An_undeclared_method_is_a_405_that_contacts_nobody(string method)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync($"{method} /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        var response = await client.ReadHeadAsync();
        Assert.Equal((405, "GET"), (response.Status, response.Header("Allow")));
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    [Control("EXP-2")]
    [Control("SMG-10", "CONNECT")]
    public async Task A_tunnel_is_never_opened()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response =
            await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n");
        Assert.InRange(response.Status, 400, 405);
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [Control("SMG-1")]
    public Task Two_lengths_are_refused(string framing) => IsRefusedAsync("HTTP/1.1\r\nHost: localhost\r\n" + framing);

    [Theory]
    [InlineData("HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [Control("SMG-3")]
    public Task Any_other_framing_than_chunked_is_refused(string head) => IsRefusedAsync(head);

    [Theory]
    [InlineData("HTTP/1.1\r\n\r\n")]
    [InlineData("HTTP/1.1\r\nHost:\r\n\r\n")]
    [InlineData("HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")]
    [Control("SMG-7")]
    public Task No_host_or_two_are_refused(string head) => IsRefusedAsync(head);

    private static async Task IsRefusedAsync(string head)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address) { MoreRoutes = RoutesForTests.Of(RoutesForTests.SmallSearch) });
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("POST /little/1 " + head);
        Assert.Equal(400, (await client.ReadResponseAsync()).Status);
        Assert.True(await client.ClosesAsync());
        Assert.Equal(0, upstream.Connections);
    }
}
