using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>Heads at their bounds and beyond, refused by the gateway or by the parser before it, and recorded as what they are.</summary>
public sealed class LargeHeadTests
{
    private const string Bounds = ", intake: { target: 1KiB, headers: 4KiB, headerCount: 20 }";

    public static TheoryData<string, string, int> Heads => new()
    {
        { "the longest target", Head(target: 1024), 200 },
        { "a target one byte longer", Head(target: 1025), 414 },
        { "a target far beyond", Head(target: 100_000), 414 },
        { "the most fields", Head(fields: 20), 200 },
        { "one field more", Head(fields: 21), 431 },
        { "fields far beyond", Head(fields: 900), 431 },
        { "the largest fields", Head(size: 4096), 200 },
        { "fields one byte larger", Head(size: 4097), 431 },
        { "a line far beyond", Head(size: 100_000), 431 },
        { "a cookie far beyond", Head(size: 100_000, name: "Cookie"), 431 },
    };

    [Theory]
    [Control("LIM-1")]
    [MemberData(nameof(Heads))]
    public async Task A_head_is_served_up_to_its_bounds(string what, string head, int status)
    {
        await using var front = await IntakeFront.StartAsync(Bounds);
        await using var client = await RawHttpClient.ConnectAsync(front.Port);
        await SendAsync(client, head);
        Assert.Equal(status, (await client.ReadResponseAsync()).Status);
        if (status == 200) return;
        client.FinishSending();
        await client.ReadToEndAsync();
        var record = Assert.Single(await front.SettleAsync(what));
        var problem = status == 414 ? "target-too-long" : "headers-too-large";
        Assert.Equal((status, problem), ((int)record["status"]!, (string?)record["problem"]));
        Assert.Empty(front.Upstream.Requests);
    }

    [Theory]
    [InlineData("GET /", "aaaaaaaaaaaaaaaa", 414)]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\n", "X-A: aaaaaaaaaa\r\n", 431)]
    [InlineData("GET /x HTTP/1.1\r\nHost: localhost\r\nX-A: ", "aaaaaaaaaaaaaaaa", 431)]
    [Control("LIM-1", "heads without an end")]
    public async Task A_head_without_an_end_is_refused_long_before_it(string beginning, string again, int status)
    {
        await using var front = await IntakeFront.StartAsync(Bounds);
        await using var client = await RawHttpClient.ConnectAsync(front.Port);
        await SendAsync(client, beginning + string.Concat(Enumerable.Repeat(again, 4000))); // and waits
        Assert.Equal(status, (await client.ReadResponseAsync()).Status);
        await client.ReadToEndAsync();
        Assert.Equal(status, (int)Assert.Single(await front.SettleAsync(again))["status"]!);
    }

    private static string Head(int target = 2, int fields = 1, int size = 0, string name = "X-A")
    {
        const string host = "Host: localhost\r\n";
        var more = string.Concat(Enumerable.Repeat("X-A: a\r\n", fields - 1));
        if (size > 0) more = $"{name}: {new string('a', size - host.Length - name.Length - 4)}\r\n";
        return $"GET /{new string('a', target - 1)} HTTP/1.1\r\n{host}{more}\r\n";
    }

    private static async Task SendAsync(RawHttpClient client, string head)
    {
        try
        {
            await client.SendAsync(head);
        }
        catch (IOException)
        {
            // it has had enough
        }
    }
}
