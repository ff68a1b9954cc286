using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

public sealed class AdminTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AVL-5")]
    public async Task Administration_answers_health_with_detail_and_metrics()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await gateway.Client("edge").GetAsync("/things/17", Cancel);
        await gateway.Client("edge").GetAsync("/nothing", Cancel);
        await gateway.AccessLog.WaitForAsync(r => (int)r["status"]! == 404, Cancel);
        Assert.Equal("ok", await gateway.Administration.GetStringAsync("/livez", Cancel));
        Assert.StartsWith("{\"ready\":true,\"revision\":1,\"fingerprint\":\"", await gateway.Administration.GetStringAsync("/readyz", Cancel),
            StringComparison.Ordinal);
        var metrics = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Matches("""gatehouse_exchanges_total\{[^}]*route="things/get-thing",status="2xx"[^}]*\} 1""", metrics);
        Assert.Matches("""gatehouse_exchanges_total\{[^}]*route="none",status="4xx"[^}]*\} 1""", metrics);
        Assert.Matches("""gatehouse_refusals_total\{[^}]*problem="not-found"[^}]*\} 1""", metrics);
        Assert.Contains("gatehouse_accesslog_dropped_total", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("/nothing", metrics, StringComparison.Ordinal);
        Assert.Matches("""target_info\{[^}]*service_name="test"[^}]*\}""", metrics); // the gateway's name in the declaration
    }

    [Fact]
    [Control("LIM-7", "the operator's listeners")]
    public async Task Strangers_cannot_open_more_connections_than_operators_need()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var open = new List<RawHttpClient>();
        try
        {
            var refused = 0;
            for (var i = 0; i < 120; i++)
            {
                open.Add(await RawHttpClient.ConnectAsync(gateway.Administration.BaseAddress!.Port));
                await open[^1].SendAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
                try
                {
                    await open[^1].ReadResponseAsync();
                }
                catch (Exception e) when (e is IOException)
                {
                    refused++;
                }
            }

            Assert.Equal(20, refused);
        }
        finally
        {
            foreach (var connection in open) await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task Unknown_pages_are_not_found_and_pages_are_only_read()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Administration.GetAsync("/", Cancel)).StatusCode);
        var response = await gateway.Administration.PostAsync("/livez", null, Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("rebound.attacker.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("10.0.0.1", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("[::1]:9900", HttpStatusCode.OK)]
    [Control("ADM-6", "the Host")]
    public async Task A_foreign_host_cannot_reach_the_administration(string host, HttpStatusCode expected)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/readyz") { Headers = { Host = host } };
        Assert.Equal(expected, (await gateway.Administration.SendAsync(request, Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    [Control("EXP-12")]
    [Control("ADM-1")]
    public async Task Data_listeners_serve_no_page_of_the_gateway(string path)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client("edge").GetAsync(path, Cancel)).StatusCode);
    }

    [Fact]
    [Control("AVL-5")]
    public async Task The_health_listener_says_yes_or_no_and_nothing_else()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address) { Health = "127.0.0.1:0" });
        var port = gateway.Running.Health!.Port;
        foreach (var (path, status, body) in new[] { ("/livez", 200, "ok"), ("/readyz", 200, "ready"), ("/metrics", 404, null) })
        {
            var response =
                await RawHttpClient.ExchangeAsync(port, $"GET {path} HTTP/1.1\r\nHost: any.orchestrator.example\r\nConnection: close\r\n\r\n");
            Assert.Equal(status, response.Status);
            if (body is not null) Assert.Equal(body, response.Text);
        }
    }
}
