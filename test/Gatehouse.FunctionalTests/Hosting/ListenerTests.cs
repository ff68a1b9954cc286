using System.Net;
using Gatehouse.Hosting;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

public sealed class ListenerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LOG-1", "the fields that there are today")]
    public async Task An_exchange_passes_and_leaves_its_record()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response = await gateway.Client("edge").GetAsync("/things/17?secret=1", Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("ok", await response.Content.ReadAsStringAsync(Cancel));
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(("things/get-thing", "/things/{id}", 200, 1, "127.0.0.1"),
            ((string?)record["route"], (string?)record["path"], (int)record["status"]!, (int)record["revision"]!, (string?)record["client"]));
        Assert.Equal(upstream.Address.GetLeftPart(UriPartial.Authority), (string?)record["destination"]);
        Assert.Equal(26, ((string)record["requestId"]!).Length);
        Assert.Equal(32, ((string)record["traceId"]!).Length);
    }

    [Fact]
    [Control("LOG-1", "one record each")]
    [Control("LOG-2", "the access log")]
    public async Task A_refusal_leaves_its_record_without_the_path()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response = await gateway.Client("edge").GetAsync("/customers/17", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((404, "not-found", "/*/*"), ((int)record["status"]!, (string?)record["problem"], (string?)record["path"]));
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("NOT HTTP\r\n\r\n")]
    [InlineData("GET /things/1 HTTP/1.1\nHost: localhost\n\n")]
    [InlineData("GET /things/1 HTTP/1.1\r\nHost: localhost\r\nBad Name: 1\r\n\r\n")]
    [InlineData("GET /things/1 HTTP/9.9\r\nHost: localhost\r\n\r\n")]
    [Control("LOG-1", "one record each")]
    public async Task What_is_not_http_is_refused_and_recorded_once(string bytes)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(bytes);
        var response = await client.ReadResponseAsync();
        Assert.InRange(response.Status, 400, 505);
        Assert.Null(response.Header("Server"));
        Assert.Empty(response.Text);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(response.Status, (int)record["status"]!);
        Assert.Equal(("malformed-request", "parser"), ((string?)record["problem"], (string?)record["decidedBy"]));
        Assert.Equal("127.0.0.1", (string?)record["client"]);
        Assert.Single(gateway.AccessLog.Lines);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("5\nhello")]
    [InlineData("zz\r\nhello")]
    [InlineData("0\r\nNo-Colon\r\n\r\n")]
    [Control("LOG-1", "one record each")]
    public async Task A_refused_request_whose_rest_is_not_http_is_recorded_once(string chunks)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        Assert.Equal(404, (await client.ReadResponseAsync()).Status);
        Assert.True(await client.ClosesAsync()); // after the rest was looked at
        Assert.Single(await gateway.AccessLog.RecordsAsync(1, Cancel));
    }

    [Fact]
    [Control("LOG-1", "one record each")]
    public async Task What_is_not_http_after_a_good_request_is_recorded_too()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        await client.SendAsync("NOT HTTP\r\n\r\n");
        Assert.Equal(400, (await client.ReadResponseAsync()).Status);
        Assert.Equal([200, 400], (await gateway.AccessLog.RecordsAsync(2, Cancel)).Select(r => (int)r["status"]!));
    }

    [Theory]
    [InlineData("Content-Disposition", "attachment; filename=\"caf\u00c3\u00a9.pdf\"")]
    [InlineData("X-Text", "\u00e9\u00ff")]
    public async Task Header_fields_of_an_answer_that_are_not_ascii_keep_their_bytes(string name, string latin1)
    {
        await using var upstream = RawUpstream.Answering($"HTTP/1.1 200 OK\r\n{name}: {latin1}\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal((200, latin1), (response.Status, response.Header(name)));
    }

    [Fact]
    public async Task A_service_does_not_word_the_status_line()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 500 Failed at /srv/app\u0001\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal("HTTP/1.1 500 Internal Server Error", response.StatusLine);
    }

    [Fact]
    public async Task A_connection_from_outside_the_networks_is_cut_counted_and_told_once()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """address: "127.0.0.1:0", serves: [public], networks: [10.0.0.0/8]""",
        };
        await using var gateway = await TestGateway.StartAsync(declaration);
        for (var i = 0; i < 2; i++)
            Assert.True(await IsCutAsync(gateway.AddressOf("edge").Port));
        Assert.Empty(gateway.AccessLog.Lines);
        Assert.Equal(1, gateway.Events.Split("outside the networks").Length - 1);
        var metrics = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Contains("gatehouse_connections_refused_total{", metrics, StringComparison.Ordinal);
    }

    [Fact]
    [Control("LIM-7", "the connections of a listener")]
    public async Task Connections_beyond_their_number_are_cut_and_a_place_that_is_free_again_is_given()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = """address: "127.0.0.1:0", serves: [public], intake: { connections: 2 }""",
        };
        await using var gateway = await TestGateway.StartAsync(declaration);
        var port = gateway.AddressOf("edge").Port;
        var first = await RawHttpClient.ConnectAsync(port);
        await using var second = await RawHttpClient.ConnectAsync(port);
        foreach (var client in new[] { first, second })
        {
            await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        }

        Assert.True(await IsCutAsync(port));
        await second.SendAsync("GET /things/2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await second.ReadResponseAsync()).Status);
        await gateway.ToldAsync("too many connections", Cancel);
        await first.DisposeAsync();
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await using var next = await RawHttpClient.ConnectAsync(port);
                await next.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                return (await next.ReadToEndAsync()).Length > 0;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
            {
                return false; // it was cut before it could say a word
            }
        }, Cancel);
    }

    [Fact]
    public async Task Networks_are_live_on_reload()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address);
        await using var gateway = await TestGateway.StartAsync(declaration);
        await gateway.ReloadAsync(declaration with { Listener = declaration.Listener + ", networks: [10.0.0.0/8]" }, Cancel);
        Assert.True(await IsCutAsync(gateway.AddressOf("edge").Port));
    }

    [Fact]
    public async Task Cleartext_http2_is_spoken_by_prior_knowledge_where_declared()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address) { Listener = """address: "127.0.0.1:0", serves: [public], protocols: [http2]""" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var response = await gateway.Client("edge").SendAsync(request, Cancel);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (response.StatusCode, response.Version));
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal("HTTP/2", (string?)record["protocol"]);
    }

    [Fact]
    public async Task With_a_wrong_declaration_nothing_listens()
    {
        var e = await Assert.ThrowsAsync<GatewayStartException>(() => TestGateway.StartAsync("gatehouse: v1\nnonsense: 1\n"));
        Assert.Contains(e.Findings, f => f.Message.Contains("nonsense", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("address: \"0.0.0.0:0\", serves: [public]", "127.0.0.1:0", "GH1051")]
    [InlineData("address: \"[::]:0\", serves: [public]", "127.0.0.1:0", "GH1051")]
    [Control("TLS-2")]
    public Task Cleartext_is_spoken_on_loopback_only(string listener, string administration, string rule) =>
        DoesNotStartAsync(listener, administration, rule);

    [Theory]
    [InlineData("address: \"127.0.0.1:0\", serves: [public]", "0.0.0.0:0", "GH1008")]
    [InlineData("address: \"127.0.0.1:9900\", serves: [public]", "127.0.0.1:9900", "GH2014")]
    [Control("ADM-1")]
    public Task Administration_is_on_loopback_and_on_an_address_of_its_own(string listener, string administration, string rule) =>
        DoesNotStartAsync(listener, administration, rule);

    [Fact]
    public async Task An_address_in_use_is_said_and_the_other_listeners_are_closed_again()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address) { Administration = $"127.0.0.1:{other.Port}" };
        var e = await Assert.ThrowsAsync<GatewayStartException>(() => TestGateway.StartAsync(declaration));
        Assert.DoesNotContain(e.Findings, f => f.IsError);
        Assert.Equal($"administration on 127.0.0.1:{other.Port} cannot listen: the address is in use; nothing is served", e.Message);
    }

    [Fact]
    [Control("LOG-7")]
    public async Task A_full_disk_under_the_access_log_stops_no_traffic()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        await using var upstream = await FakeUpstream.StartAsync();
        var failed = new TaskCompletionSource();
        using var log = BufferedLineSink.ToFile("/dev/full", _ => failed.TrySetResult());
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address), accessLog: log);
        var client = gateway.Client("edge");
        await client.GetAsync("/things/1", Cancel);
        await failed.Task.WaitAsync(Cancel);
        for (var i = 0; i < 50; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancel)).StatusCode);
        Assert.True(log.Failures > 0);
    }

    private static async Task DoesNotStartAsync(string listener, string administration, string rule)
    {
        var declaration = new SmallDeclaration(new Uri("http://127.0.0.1:5101")) { Listener = listener, Administration = administration };
        var e = await Assert.ThrowsAsync<GatewayStartException>(() => TestGateway.StartAsync(declaration));
        Assert.Contains(e.Findings, f => f.IsError && f.Rule.Id == rule);
    }

    /// <summary>Whether a new connection is ended before it could say a word; the reset may even overtake its opening.</summary>
    private static async Task<bool> IsCutAsync(int port)
    {
        try
        {
            await using var client = await RawHttpClient.ConnectAsync(port);
            return await client.ClosesAsync();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
