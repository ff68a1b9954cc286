using Gatehouse.FunctionalTests.Assertions;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>Copies of requests for an upstream whose answers nobody reads.</summary>
public sealed class MirrorTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sends_a_copy_that_is_marked_and_says_nothing_of_who_calls()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var shadow = await FakeUpstream.StartAsync();
        shadow.Otherwise(http => http.Response.WriteAsync("of the shadow"));
        await using var gateway = await TestGateway.StartAsync(
            Mirrored(main, shadow, "") with
            {
                More = """assertions: { issuer: "https://gateway.in.example", keys: ["file:a.pem"] }""",
            },
            new Dictionary<string, string> { ["a.pem"] = Vouching.NewKey() });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/read?a=%2f");
        request.Headers.Add("Cookie", "session=secret");
        request.Headers.Add("X-Own", "1");

        using var response = await gateway.Client("edge").SendAsync(request, Cancel);

        Assert.Equal("ok", await response.Content.ReadAsStringAsync(Cancel));
        var (original, copy) = (await main.NextAsync(Cancel), await shadow.NextAsync(Cancel));
        Assert.Equal((original.Target, original.Header("X-Request-Id"), "1"), (copy.Target, copy.Header("X-Request-Id"), copy.Header("X-Own")));
        Assert.Equal(("1", null), (copy.Header("Gatehouse-Mirror"), original.Header("Gatehouse-Mirror")));
        Assert.Equal(("127.0.0.1", null), (original.Header("X-Forwarded-For"), copy.Header("X-Forwarded-For")));
        Assert.NotNull(original.Header("Cookie"));
        Assert.NotNull(original.Header("Gatehouse-Assertion"));
        foreach (var name in (string[])["Cookie", "Authorization", "Gatehouse-Assertion"]) Assert.Null(copy.Header(name));
        Assert.Equal($"127.0.0.1:{shadow.Port}", copy.Header("Host"));
        await CountAsync(gateway, "sent", 1);
    }

    [Fact]
    public async Task Neither_waits_for_a_mirror_nor_fails_with_it_nor_lets_it_have_too_many()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var silent = RawUpstream.Silent();
        await using var gateway = await TestGateway.StartAsync(
            Mirrored(main, null, "") with { Other = silent.Address, Read = "mirror: { upstream: other, share: 100%, atOnce: 2, timeout: 1m }" });
        var client = gateway.Client("edge");

        for (var i = 0; i < 10; i++) Assert.Equal("ok", await client.GetStringAsync("/read", Cancel));

        await CountAsync(gateway, "left-out", 8);
        await Eventually.HoldsAsync(() => Task.FromResult(silent.Connections == 2), Cancel);
    }

    [Fact]
    public async Task Gives_up_a_copy_that_takes_too_long_or_meets_nobody()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var silent = RawUpstream.Silent();
        foreach (var other in (Uri[])[silent.Address, RawUpstream.Refusing()])
        {
            await using var gateway = await TestGateway.StartAsync(
                Mirrored(main, null, "") with { Other = other, Read = "mirror: { upstream: other, share: 100%, timeout: 50ms }" });

            Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/read", Cancel));

            await CountAsync(gateway, "failed", 1);
        }
    }

    [Fact]
    public async Task Sends_no_copy_of_a_request_with_a_body()
    {
        await using var main = await FakeUpstream.StartAsync();
        await using var shadow = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Mirrored(main, shadow, ""));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/read") { Content = new StringContent("a body") };

        (await gateway.Client("edge").SendAsync(request, Cancel)).Dispose();

        await CountAsync(gateway, "left-out", 1);
        Assert.Empty(shadow.Requests);
        Assert.Equal("a body"u8, Assert.Single(main.Requests).Body);
    }

    private static Task CountAsync(TestGateway gateway, string outcome, int count) => Eventually.HoldsAsync(
        async () => await Counted.OfAsync(gateway, "gatehouse_mirrors_total", "other", outcome, Cancel) == count, Cancel);

    private static SentTwice Mirrored(FakeUpstream main, FakeUpstream? shadow, string more) => new(main.Address)
    {
        Other = shadow?.Address,
        Read = $"mirror: {{ upstream: other, share: 100% }}, {more}",
    };
}
