using System.Net;
using System.Text;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Answers;

/// <summary>What a route asks of its service's answers: how large they may be, and whose words errors are in.</summary>
public sealed class AnswerRulesTests
{
    private const string Trace = "System.InvalidOperationException at Shop.Orders.Db in /src/Db.cs:line 42, Server=db-7.inside";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    [Control("LIM-5")]
    public async Task An_answer_that_says_it_is_too_large_is_refused_before_its_head(Speech speech)
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/strict/1", 200, new string('a', 1025), ("X-Theirs", "1"), ("Content-Length", "1025"));
        await using var front = await StartAsync(speech, upstream.Address);

        var response = await front.Client.GetAsync("/strict/1", Cancel);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("upstream-failed", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("X-Theirs"));
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(
            ("upstream-failed", "the response is larger than the route allows", 200),
            ((string?)record["problem"], (string?)record["reason"], (int)record["upstreamStatus"]!));
    }

    [Theory]
    [InlineData(Speech.Http1)]
    [InlineData(Speech.Http2)]
    [Control("LIM-5")]
    public async Task An_answer_that_grows_too_large_is_cut_and_its_connection_is_not_used_again(Speech speech)
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200\r\n" + new string('a', 512) + "\r\n");
                for (var i = 0; i < 100_000; i++) await connection.WriteAsync("200\r\n" + new string('b', 512) + "\r\n");
            }
        });
        await using var front = await StartAsync(speech, upstream.Address);

        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            using var response = await front.Client.GetAsync("/strict/1", HttpCompletionOption.ResponseHeadersRead, Cancel);
            if (response.StatusCode == HttpStatusCode.BadGateway) throw new HttpRequestException("refused: nothing was sent yet");
            await response.Content.ReadAsByteArrayAsync(Cancel);
        });

        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal("the response grew larger than the route allows", (string?)record["reason"]);
        Assert.InRange((long)record["bytesOut"]!, 0, 1024);
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
            (await front.Client.GetAsync("/strict/1", Cancel)).EnsureSuccessStatusCode());
        Assert.Equal(2, upstream.Connections);
    }

    [Fact]
    [Control("SMG-12", "what is left of an answer")]
    public async Task What_is_left_of_an_answer_that_was_refused_is_not_read_for_the_next_one()
    {
        await using var upstream = RawUpstream.Start(async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + new string('a', 300_000));
        });
        await using var front = await StartAsync(Speech.Http1, upstream.Address);
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.BadGateway, (await front.Client.GetAsync("/strict/1", Cancel)).StatusCode);
        Assert.Equal(3, upstream.Connections);
    }

    [Fact]
    public async Task What_is_exactly_as_large_as_allowed_passes_and_so_does_a_head_alone()
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/strict/1", 200, new string('a', 1024), ("Content-Length", "1024"))
            .On("/strict/2", http =>
            {
                http.Response.StatusCode = 304;
                http.Response.Headers.ETag = "\"1\"";
                return Task.CompletedTask;
            });
        await using var front = await StartAsync(Speech.Http1, upstream.Address);
        Assert.Equal(1024, (await front.Client.GetByteArrayAsync("/strict/1", Cancel)).Length);
        Assert.Equal(HttpStatusCode.NotModified, (await front.Client.GetAsync("/strict/2", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData(500, 502, "upstream-failed")]
    [InlineData(501, 502, "upstream-failed")]
    [InlineData(502, 502, "upstream-failed")]
    [InlineData(503, 503, "upstream-unavailable")]
    [InlineData(504, 504, "upstream-timeout")]
    [InlineData(599, 502, "upstream-failed")]
    [Control("ERR-2")]
    public async Task A_services_failure_is_told_in_the_gateways_words_where_the_route_says_so(int theirs, int told, string problem)
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/strict/1", theirs, Trace, ("X-Debug", Trace), ("Content-Type", "application/json"))
            .On("/things/1", theirs, Trace);
        await using var front = await StartAsync(Speech.Http1, upstream.Address);

        var response = await RawHttpClient.ExchangeAsync(front.Gateway.AddressOf("edge").Port, "GET /strict/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal((told, "application/problem+json"), (response.Status, response.Header("Content-Type")));
        Assert.Contains($"urn:gatehouse:problem:{problem}", response.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Shop", response.Text + string.Concat(response.Headers), StringComparison.Ordinal);
        Assert.Null(response.Header("X-Debug"));
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(("the service's error is not passed on", told), ((string?)record["reason"], (int)record["status"]!));
        Assert.Equal(theirs == told ? null : theirs, (int?)record["upstreamStatus"]);
        Assert.DoesNotContain("Shop", front.Gateway.AccessLog.Lines[0], StringComparison.Ordinal);

        // and the service's own where it does not
        var passed = await front.Client.GetAsync("/things/1", Cancel);
        Assert.Equal((theirs, Trace), ((int)passed.StatusCode, await passed.Content.ReadAsStringAsync(Cancel)));
    }

    [Theory]
    [InlineData("text/html; charset=utf-8")]
    [InlineData("application/xhtml+xml")]
    [Control("ERR-2")]
    public async Task An_error_page_is_left_out_where_the_route_says_so(string type)
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/strict/1", 404, Trace, ("Content-Type", type), ("ETag", "\"1\""), ("Content-Language", "en"))
            .On("/strict/2", 404, "{\"error\":\"no such thing\"}", ("Content-Type", "application/json"))
            .On("/strict/3", 200, "<p>fine</p>", ("Content-Type", type));
        await using var front = await StartAsync(Speech.Http1, upstream.Address);

        var page = await RawHttpClient.ExchangeAsync(front.Gateway.AddressOf("edge").Port, "GET /strict/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal((404, "", "0"), (page.Status, page.Text, page.Header("Content-Length")));
        Assert.Null(page.Header("Content-Type") ?? page.Header("ETag") ?? page.Header("Content-Language"));
        var record = await front.Gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal("the service's error page was left out", (string?)record["reason"]);
        Assert.Equal("{\"error\":\"no such thing\"}", await (await front.Client.GetAsync("/strict/2", Cancel)).Content.ReadAsStringAsync(Cancel));
        Assert.Equal("<p>fine</p>", await front.Client.GetStringAsync("/strict/3", Cancel));
    }

    [Theory]
    [InlineData("bytes=0-99", "bytes=0-99")]
    [InlineData("bytes=0-1,0-1,0-1,0-1,0-1,0-1", null)]
    [Control("LIM-9")]
    public async Task A_request_for_many_parts_reaches_the_service_as_one_for_the_whole(string range, string? seen)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var front = await StartAsync(Speech.Http1, upstream.Address);
        await RawHttpClient.ExchangeAsync(
            front.Gateway.AddressOf("edge").Port,
            $"GET /things/1 HTTP/1.1\r\nHost: localhost\r\nRange: {range}\r\nRequest-Range: {range}\r\n\r\n");
        Assert.Equal((seen, null), (upstream.Requests[0].Header("Range"), upstream.Requests[0].Header("Request-Range")));
    }

    private static Task<Front> StartAsync(Speech speech, Uri upstream) => Front.StartAsync(speech, new SmallDeclaration(upstream)
    {
        MoreRoutes =
            """

                  get-strictly:
                    match: GET /strict/{id}
                    exposure: public
                    effect: read
                    personalData: none
                    access: { anonymous: "a test" }
                    limits: [ { per: all, allow: 1000000, every: 1s } ]
                    response: { max: 1KiB, errors: replace }
            """,
    });
}
