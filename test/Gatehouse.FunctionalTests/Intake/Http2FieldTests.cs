using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>What HTTP/2 can carry and HTTP/1.1 would read as something else: an error of the stream, and no service hears of it.</summary>
public sealed class Http2FieldTests
{
    private static readonly (string Name, string Value)[] Good =
        [(":method", "GET"), (":scheme", "http"), (":path", "/x"), (":authority", "localhost")];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("connection", "close")]
    [InlineData("connection", "x-hop")]
    [InlineData("keep-alive", "timeout=5")]
    [InlineData("proxy-connection", "keep-alive")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("upgrade", "h2c")]
    [InlineData("te", "gzip")]
    [InlineData("X-Upper", "1")]
    [InlineData("x:y", "1")]
    [InlineData("x y", "1")]
    [InlineData("x\r\ny", "1")]
    [InlineData("x\0", "1")]
    [InlineData("x_y", "1")]
    [InlineData("", "1")]
    [InlineData("x", "a\r\nX-Smuggled: 1")]
    [InlineData("x", "a\nb")]
    [InlineData("x", "a\rb")]
    [InlineData("x", "a\0b")]
    [InlineData("content-length", "5")]
    [InlineData(":path", "/y")]
    [InlineData(":status", "200")]
    [InlineData(":unknown", "1")]
    [InlineData("x-content-length", "5")]
    [Control("SMG-9")]
    public Task A_field_that_may_not_be_there(string name, string value) => IsRefusedAsync([.. Good, (name, value)]);

    [Theory]
    [InlineData(":method", null)]
    [InlineData(":method", "")]
    [InlineData(":method", "GET /y HTTP/1.1\r\nHost: localhost\r\n\r\nGET")]
    [InlineData(":method", "G T")]
    [InlineData(":scheme", null)]
    [InlineData(":scheme", "http://localhost/y#")]
    [InlineData(":path", null)]
    [InlineData(":path", "")]
    [InlineData(":path", "x")]
    [InlineData(":path", "/x HTTP/1.1\r\nX: 1")]
    [InlineData(":path", "/x#y")]
    [InlineData(":path", "/x y")]
    [InlineData(":path", "/x/../y")]
    [InlineData(":path", "/x%2fy")]
    [InlineData(":path", "http://localhost/x#")]
    [InlineData(":authority", "")]
    [InlineData(":authority", "user@localhost")]
    [InlineData(":authority", "localhost\r\nX: 1")]
    [InlineData(":authority", "localhost/y")]
    [Control("SMG-9")]
    public Task A_pseudo_field_that_two_programs_read_differently(string name, string? value) =>
        IsRefusedAsync([.. Good.Where(f => f.Name != name || value is not null).Select(f => f.Name == name ? (name, value!) : f)]);

    [Fact]
    [Control("SMG-9")]
    public Task A_pseudo_field_after_others() => IsRefusedAsync([Good[0], Good[1], ("x", "1"), Good[2], Good[3]]);

    [Theory]
    [InlineData("5", 3)]
    [InlineData("3", 5)]
    [InlineData("0", 1)]
    [InlineData("5, 5", 5)]
    [InlineData("x", 5)]
    [InlineData("-1", 5)]
    [Control("SMG-9")]
    public async Task A_length_that_is_not_the_one_of_the_data(string length, int bytes)
    {
        foreach (var method in new[] { "POST", "PUT" })
        {
            await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
            await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
            await client.HeadersAsync(1, ends: false, [(":method", method), .. Good[1..], ("content-length", length)], Cancel);
            await client.DataAsync(1, ends: true, new byte[bytes], Cancel);
            Assert.Contains(await client.OutcomeAsync(1, Cancel), new[] { "400", "reset", "goaway", "closed" });
            await client.DisposeAsync();
            await front.SettleAsync(length);
            Assert.DoesNotContain(front.Upstream.Requests, r => r.IsWhole || method == "PUT");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16_000)]
    [Control("SMG-9")]
    public async Task A_body_that_goes_on_after_its_length_is_no_whole_request_before(int length)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.HeadersAsync(1, ends: false, [(":method", "POST"), .. Good[1..], ("content-length", $"{length}")], Cancel);
        if (length > 0) await client.DataAsync(1, ends: false, new byte[length], Cancel);
        for (var stream = 3; stream < 23; stream += 2)
        {
            // the first would have been with the service for long by then
            await client.HeadersAsync(stream, ends: true, Good, Cancel);
            Assert.Equal("200", await client.OutcomeAsync(stream, Cancel));
        }

        Assert.DoesNotContain(front.Upstream.Requests, r => r.Method == "POST" && r.IsWhole);
        await client.DataAsync(1, ends: true, new byte[2], Cancel);
        Assert.Contains(await client.OutcomeAsync(1, Cancel), new[] { "400", "reset", "goaway", "closed" });
        await client.DisposeAsync();
        await front.SettleAsync("more than announced");
        Assert.DoesNotContain(front.Upstream.Requests, r => r.Method == "POST" && r.IsWhole);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_body_whose_end_comes_by_itself_passes(int length)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.HeadersAsync(1, ends: false, [(":method", "POST"), .. Good[1..], ("content-length", $"{length}")], Cancel);
        if (length > 0) await client.DataAsync(1, ends: false, "hello"u8.ToArray(), Cancel);
        await client.DataAsync(1, ends: true, [], Cancel);
        Assert.Equal("200", await client.OutcomeAsync(1, Cancel));
        var request = Assert.Single(front.Upstream.Requests);
        Assert.Equal(length, request.Body.Length);
    }

    [Fact]
    public async Task What_is_good_passes()
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.HeadersAsync(1, ends: true, [.. Good, ("x", "1")], Cancel);
        Assert.Equal("200", await client.OutcomeAsync(1, Cancel));
        await client.HeadersAsync(3, ends: false, [(":method", "PUT"), .. Good[1..], ("content-length", "5")], Cancel);
        await client.DataAsync(3, ends: true, "hello"u8.ToArray(), Cancel);
        Assert.Equal("200", await client.OutcomeAsync(3, Cancel));
        Assert.Equal(2, front.Upstream.Requests.Count);
    }

    private static async Task IsRefusedAsync((string Name, string Value)[] fields)
    {
        await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
        await using var client = await Http2Frames.ConnectAsync(front.Port, Cancel);
        await client.HeadersAsync(1, ends: true, fields, Cancel);
        Assert.Contains(await client.OutcomeAsync(1, Cancel), new[] { "400", "reset", "goaway", "closed" });
        await client.DisposeAsync();
        await front.SettleAsync(fields[^1].ToString());
        Assert.Empty(front.Upstream.Requests);
    }
}
