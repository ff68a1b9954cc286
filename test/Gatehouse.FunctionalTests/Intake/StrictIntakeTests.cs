using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>What the parser would take and mend, or take and pass on: refused, closed, and never heard of by a service.</summary>
public sealed class StrictIntakeTests
{
    private const string Host = "Host: localhost\r\n";

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData("X-Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\nX-Content-Length: 5\r\n\r\n0\r\n\r\n")]
    [Control("SMG-1")]
    public Task Two_lengths(string rest) => IsRefusedAsync("POST /x HTTP/1.1\r\n" + Host + rest);

    [Theory]
    [InlineData("+5")]
    [InlineData("-5")]
    [InlineData("05")]
    [InlineData("00")]
    [InlineData("0x5")]
    [InlineData("5 5")]
    [InlineData("5,5")]
    [InlineData("5, 5")]
    [InlineData("5;")]
    [InlineData("5.0")]
    [InlineData("5e0")]
    [InlineData("\"5\"")]
    [InlineData("")]
    [InlineData("9999999999999999999")]
    [InlineData("18446744073709551621")]
    [InlineData("5\r\nContent-Length: 5")]
    [InlineData("5\r\nContent-Length: 6")]
    [InlineData("5\r\ncontent-length: 5")]
    [InlineData("\u00b2")]
    [Control("SMG-2")]
    public Task A_length_that_is_not_one_plain_number(string length) =>
        IsRefusedAsync($"POST /x HTTP/1.1\r\n{Host}Content-Length: {length}\r\n\r\nhello");

    [Theory]
    [InlineData("chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("identity")]
    [InlineData("gzip, chunked")]
    [InlineData("identity, chunked")]
    [InlineData(",chunked")]
    [InlineData("chunked,")]
    [InlineData("chunked;q=1")]
    [InlineData("\"chunked\"")]
    [InlineData("xchunked")]
    [InlineData("chunked\u000b")]
    [InlineData("")]
    [InlineData("chunked\r\n\tidentity")]
    [Control("SMG-3")]
    public Task An_encoding_that_is_not_exactly_chunked(string encoding) =>
        IsRefusedAsync($"POST /x HTTP/1.1\r\n{Host}Transfer-Encoding: {encoding}\r\n\r\n0\r\n\r\n");

    [Fact]
    [Control("SMG-3")]
    public Task Chunks_of_an_older_version() => IsRefusedAsync($"POST /x HTTP/1.0\r\n{Host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");

    [Theory]
    [InlineData("GET /x HTTP/1.1\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\n\n")]
    [InlineData("\nGET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\rX: 1\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n 2\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\n X: 1\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\n Host: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX\t: 1\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\n: 1\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\u0001b\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\u001bb\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\u007fb\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX\u0001: a\r\n\r\n")]
    [InlineData("GET  /x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x  HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/1.1 \r\nHost: localhost\r\n\r\n")]
    [InlineData("GET\t/x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData(" GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("G_T /x HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/1.2\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x http/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /x HTTP/2.0\r\nHost: localhost\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("GET /x\r\n\r\n")]
    [Control("SMG-4")]
    public Task A_head_that_two_programs_read_differently(string bytes) => IsRefusedAsync(bytes);

    [Theory]
    [InlineData("0x1\r\nA\r\n0\r\n\r\n")]
    [InlineData("+1\r\nA\r\n0\r\n\r\n")]
    [InlineData("-1\r\nA\r\n0\r\n\r\n")]
    [InlineData("1 \r\nA\r\n0\r\n\r\n")]
    [InlineData(" 1\r\nA\r\n0\r\n\r\n")]
    [InlineData("\r\nA\r\n0\r\n\r\n")]
    [InlineData("1\nA\r\n0\r\n\r\n")]
    [InlineData("1\r\nA\n0\r\n\r\n")]
    [InlineData("1\r\nAB\r\n0\r\n\r\n")]
    [InlineData("1\r\nA0\r\n\r\n")]
    [InlineData("1\rA\r\n0\r\n\r\n")]
    [InlineData("1;a\nA\r\n0\r\n\r\n")]
    [InlineData("1;\nA\r\n0\r\n\r\n")]
    [InlineData("1;a\rA\r\n0\r\n\r\n")]
    [InlineData("fffffffff\r\nA\r\n0\r\n\r\n")]
    [InlineData("80000000\r\nA\r\n0\r\n\r\n")]
    [InlineData("g\r\nA\r\n0\r\n\r\n")]
    [InlineData("1;EXTENSION\r\nA\r\n0\r\n\r\n")]
    [InlineData("MANY0\r\n\r\n")]
    [InlineData("0\n\r\n")]
    [InlineData("0\r\nX: 1\n\r\n")]
    [InlineData("0\r\nX\r\n\r\n")]
    [Control("SMG-5")]
    public async Task Chunks_that_two_programs_read_differently(string chunks)
    {
        var many = string.Concat(Enumerable.Repeat($"1;{new string('x', 50)}\r\nA\r\n", 200));
        chunks = chunks.Replace("EXTENSION", new string('x', 300), StringComparison.Ordinal).Replace("MANY", many, StringComparison.Ordinal);
        foreach (var method in new[] { "POST", "PUT" })
        {
            await using var front = await IntakeFront.StartAsync();
            await using var client = await RawHttpClient.ConnectAsync(front.Port);
            await client.SendAsync($"{method} /x HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n{chunks}");
            var response = await client.ReadResponseAsync();
            Assert.Equal((400, "close"), (response.Status, response.Header("Connection")));
            Assert.Contains("malformed-request", response.Text, StringComparison.Ordinal);
            client.FinishSending();
            Assert.True(await client.ClosesAsync());
            var records = await front.SettleAsync(chunks);
            Assert.Equal("malformed-request", (string?)Assert.Single(records)["problem"]);
            Assert.DoesNotContain(front.Upstream.Requests, r => r.IsWhole);
            if (method == "PUT") Assert.Empty(front.Upstream.Requests);
        }
    }

    [Theory]
    [InlineData("5;a=b\r\nhello\r\n0\r\n\r\n")]
    [InlineData("005\r\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\nX-Api-Key: x\r\nHost: example.com\r\nContent-Length: 9\r\nX-Mine: 1\r\n\r\n")]
    [Control("SMG-6", "no trailer passes")]
    public async Task Chunks_are_framed_anew_and_trailers_stay_here(string chunks)
    {
        await using var front = await IntakeFront.StartAsync();
        var answers = await front.PlayAsync(
            $"POST /x HTTP/1.1\r\n{Host}Transfer-Encoding: chunked\r\n\r\n{chunks}GET /y HTTP/1.1\r\n{Host}\r\n");
        Assert.Equal([200, 200, 200], answers.Statuses);
        await front.SettleAsync(chunks);
        Assert.Equal(["/x", "/y", "/last"], front.Upstream.Requests.Select(r => r.Target));
        Assert.Equal("hello"u8.ToArray(), front.Upstream.Requests[0].Body.ToArray());
        Assert.DoesNotContain(front.Upstream.Requests[0].Fields, f => f.Name is "Authorization" or "X-Mine" or "X-Api-Key");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Host:\r\n")]
    [InlineData("Host: \r\n")]
    [InlineData("Host: localhost\r\nHost: localhost\r\n")]
    [InlineData("Host: localhost\r\nhost: example.com\r\n")]
    [InlineData("Host: user@localhost\r\n")]
    [InlineData("Host: localhost/x\r\n")]
    [InlineData("Host: local host\r\n")]
    [InlineData("Host: localhost, example.com\r\n")]
    [Control("SMG-7")]
    public Task A_host_that_is_not_exactly_one(string host) => IsRefusedAsync($"GET /x HTTP/1.1\r\n{host}\r\n");

    [Theory]
    [InlineData("/x#/../y")]
    [InlineData("/x#")]
    [InlineData("/x?a#b")]
    [InlineData("/x\ty")]
    [InlineData("/x\\y")]
    [InlineData("/x\u00e9")]
    [InlineData("/x?\u00e9")]
    [InlineData("/x%2fy")]
    [InlineData("/x%2Fy")]
    [InlineData("/x%5cy")]
    [InlineData("/%2e%2e/y")]
    [InlineData("/x/../y")]
    [InlineData("/x/./y")]
    [InlineData("/x/..;/y")]
    [InlineData("/x%00")]
    [InlineData("/x%0d%0ay")]
    [InlineData("/x%zz")]
    [InlineData("/x%")]
    [InlineData("/x%c0%ae")]
    [InlineData("/x%252e")]
    [InlineData("/x?a=%00")]
    [InlineData("/x?a=%1b")]
    [InlineData("http://user@localhost/x")]
    [InlineData("http://example.com/x")]
    [Control("NRM-2")]
    [Control("NRM-3")]
    [Control("NRM-4")]
    [Control("NRM-8")]
    public Task A_target_that_two_programs_read_differently(string target) => IsRefusedAsync($"GET {target} HTTP/1.1\r\n{Host}\r\n");

    [Theory]
    [InlineData("/r%C3%BCckgabe%20gr%C3%BCnde/9")]
    [InlineData("/a?b=%C3%BC&c=a+b")]
    [InlineData("http://localhost/a")]
    public async Task A_target_that_can_be_read_in_one_way_passes(string target)
    {
        await using var front = await IntakeFront.StartAsync();
        var answers = await front.PlayAsync($"GET {target} HTTP/1.1\r\n{Host}\r\n");
        var records = await front.SettleAsync(target);
        Assert.True(answers.Statuses is [200, 200], string.Join('\n', records));
    }

    [Theory]
    [InlineData("X_User_Id: 1")]
    [InlineData("Content_Length: 1")]
    [InlineData("X.User: 1")]
    [InlineData("Connection: close, Authorization")]
    [InlineData("Connection: Authorization, close")]
    [InlineData("Connection: keep-alive, Authorization")]
    [InlineData("Connection: Authorization")]
    [InlineData("Connection: close\r\nConnection: Authorization")]
    [InlineData("Connection: X-Api-Key")]
    [InlineData("Connection: Content-Length")]
    [InlineData("Connection: Host")]
    [InlineData("Connection: a b")]
    [Control("NRM-6")]
    [Control("SMG-8")]
    public Task A_field_that_would_pass_for_another(string field) => IsRefusedAsync($"GET /x HTTP/1.1\r\n{Host}{field}\r\n\r\n");

    [Theory]
    [InlineData("X-Hop")]
    [InlineData("close, X-Hop")]
    [InlineData("x-hop , keep-alive")]
    [InlineData("keep-alive\r\nConnection: X-Hop")]
    [InlineData("upgrade, x-hop")]
    [Control("SMG-8")]
    public async Task A_field_that_is_for_this_connection_alone_stays_here(string connection)
    {
        await using var front = await IntakeFront.StartAsync();
        var answers = await front.PlayAsync($"GET /x HTTP/1.1\r\n{Host}X-Hop: 1\r\nX-Stays: 1\r\nConnection: {connection}\r\n\r\n");
        Assert.Equal(200, answers.Statuses[0]);
        await front.SettleAsync(connection);
        Assert.Equal((null, "1"), (front.Upstream.Requests[0].Field("X-Hop"), front.Upstream.Requests[0].Field("X-Stays")));
    }

    [Theory]
    [InlineData("X-Original-URL")]
    [InlineData("X-Rewrite-URL")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-Method-Override")]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Real-IP")]
    [InlineData("X-User-Id")]
    [InlineData("Client-Cert")]
    [Control("NRM-7")]
    public async Task A_field_that_would_override_stays_here(string name)
    {
        await using var front = await IntakeFront.StartAsync();
        var answers = await front.PlayAsync($"GET /x HTTP/1.1\r\n{Host}{name}: /y\r\n\r\n");
        Assert.Equal([200, 200], answers.Statuses);
        await front.SettleAsync(name);
        Assert.DoesNotContain(front.Upstream.Requests[0].Fields, f => f.Value == "/y");
    }

    [Theory]
    [InlineData("200-ok", 417)]
    [InlineData("100-continue, x", 417)]
    [InlineData("100-continue\r\nExpect: 100-continue", 417)]
    [InlineData("", 417)]
    [Control("SMG-14")]
    public async Task An_expectation_that_nobody_meets(string expect, int status)
    {
        await using var front = await IntakeFront.StartAsync();
        await using var client = await RawHttpClient.ConnectAsync(front.Port);
        await client.SendAsync($"POST /x HTTP/1.1\r\n{Host}Expect: {expect}\r\nContent-Length: 5\r\n\r\n");
        var response = await client.ReadResponseAsync();
        Assert.Equal((status, "close"), (response.Status, response.Header("Connection")));
        Assert.Contains("expectation-failed", response.Text, StringComparison.Ordinal);
        Assert.Empty(front.Upstream.Requests);
    }

    [Fact]
    [Control("SMG-14")]
    public async Task A_client_is_told_to_go_on_only_when_it_may()
    {
        await using var front = await IntakeFront.StartAsync();
        foreach (var (target, length, status) in new[] { ("/x/x/x/x", 5, 404), ("/x", 2_000_000, 413), ("/x", 5, 100) })
        {
            await using var client = await RawHttpClient.ConnectAsync(front.Port);
            await client.SendAsync($"POST {target} HTTP/1.1\r\n{Host}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
            Assert.Equal(status, (await client.ReadResponseAsync()).Status);
            if (status != 100) continue;
            await client.SendAsync("hello");
            Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        }

        Assert.Single(front.Upstream.Requests);
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity, gzip", 415)]
    [InlineData("Identity", 200)]
    [Control("LIM-4", "none is taken")]
    public async Task A_body_that_is_compressed(string coding, int status)
    {
        await using var front = await IntakeFront.StartAsync();
        var answers = await front.PlayAsync($"POST /x HTTP/1.1\r\n{Host}Content-Encoding: {coding}\r\nContent-Length: 5\r\n\r\nhello");
        Assert.Equal(status == 200 ? [200, 200] : [status], answers.Statuses); // the refusal ends the connection
        await front.SettleAsync(coding);
        Assert.Equal(status == 200 ? 2 : 0, front.Upstream.Requests.Count);
    }

    [Fact]
    [Control("SMG-3", "beside what else is wrong")]
    public Task A_faulty_head_whatever_else_may_be_said_of_it() =>
        IsRefusedAsync($"GET /x HTTP/1.1\r\n{Host}X: a\u0001b\r\n{string.Concat(Enumerable.Repeat("Via: 1.1 gh-0000000000\r\n", 16))}\r\n");

    [Fact]
    [Control("SMG-1", "what was not seen is not served")]
    public Task A_head_that_nobody_looked_at() => IsRefusedAsync($"GET /x HTTP/1.1\r\n{Host}\r\n", unwatched: "edge");

    /// <summary>The refusal ends the connection: a second request after it is nobody's.</summary>
    private static async Task IsRefusedAsync(string bytes, string? unwatched = null)
    {
        await using var front = await IntakeFront.StartAsync(unwatched: unwatched);
        await using var client = await RawHttpClient.ConnectAsync(front.Port);
        await client.SendAsync(bytes);
        var response = await client.ReadResponseAsync();
        Assert.Equal((400, "close", null), (response.Status, response.Header("Connection"), response.Header("Server")));
        client.FinishSending();
        Assert.True(await client.ClosesAsync());
        var record = Assert.Single(await front.SettleAsync(bytes));
        Assert.Equal((400, "malformed-request"), ((int)record["status"]!, (string?)record["problem"]));
        Assert.Empty(front.Upstream.Requests);
    }
}
