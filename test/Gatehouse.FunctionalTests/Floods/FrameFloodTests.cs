using System.Net;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using static Gatehouse.FunctionalTests.Floods.FrameClient;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Floods;

/// <summary>Floods of HTTP/2 frames, each on a connection beside one that behaves; the clock stands still, so that time earns nothing.</summary>
[Collection(nameof(ProcessMemory))]
public sealed class FrameFloodTests
{
    private const int Most = 40_000;

    private static readonly Dictionary<string, Func<int, byte[]>> Floods = new()
    {
        ["ping"] = _ => Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
        ["settings"] = _ => Frame(Settings, 0, 0),
        ["changing settings"] = i => Frame(Settings, 0, 0, 0, 4, 0, 1, (byte)(i & 1), 0),
        ["acknowledgements"] = _ => Frame(Settings, 1, 0),
        ["priority"] = _ => Frame(Priority, 0, 1, 0, 0, 0, 3, 9),
        ["window update"] = _ => Frame(WindowUpdate, 0, 0, 0, 0, 0, 1),
        ["unknown"] = _ => Frame(0xfa, 0, 0, 7),
        ["empty data"] = i => [.. i == 0 ? Frame(Headers, EndHeaders, 1, Request("/things/1", post: true)) : [], .. Frame(Data, 0, 1)],
        ["padding"] = i => [.. i == 0 ? Frame(Headers, EndHeaders, 1, Request("/things/1", post: true)) : [], .. Frame(Data, 8, 1, 1, 0)],
        ["empty continuation"] = i => [.. i == 0 ? Frame(Headers, EndStream, 1, Request("/things/1")) : [], .. Frame(Continuation, 0, 1)],
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ping")]
    [InlineData("settings")]
    [InlineData("changing settings")]
    [InlineData("acknowledgements")]
    [InlineData("priority")]
    [InlineData("window update")]
    [InlineData("unknown")]
    [InlineData("empty data")]
    [InlineData("padding")]
    [InlineData("empty continuation")]
    [Control("LIM-8")]
    public Task A_flood_of_frames_that_carry_nothing_ends_its_connection(string what) =>
        EndsAsync(Floods[what], "flood of frames", atLeast: 4000);

    [Fact]
    public Task Streams_that_are_taken_back_as_soon_as_they_are_opened_end_their_connection() => EndsAsync(
        TakenBack,
        "flood of resets",
        atLeast: 300,
        orReason: "flood of frames"); // whoever is first: Kestrel's queue is too long, or too many were taken back

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // a body that ends with trailers
    [Control("LIM-8", "CVE-2023-44487")]
    public async Task Streams_that_are_taken_back_without_haste_end_their_connection_too(bool ended)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        var i = 0;
        for (; i < 2000 && client.GoneAway is null; i++)
        {
            await client.SendAsync(ended ? EndedAndTakenBack(i) : TakenBack(i));
            if (i % 20 > 0) continue;
            var answered = client.Received(Ping);
            if (!await client.SendAsync(Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))) break;
            await Eventually.HoldsAsync(() => Task.FromResult(client.Received(Ping) > answered || client.IsClosed), Cancel);
        }

        await client.Closed;
        Assert.InRange(i, 390, 450); // each pair costs one, and 400 are given
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-cut", Cancel);
        Assert.Equal("flood of resets", (string?)line["reason"]);
    }

    [Fact]
    [Control("LIM-8", "CVE-2024-27316")]
    public Task A_head_that_never_ends_ends_its_connection() => EndsAsync(
        i => i == 0 ? Frame(Headers, EndStream, 1, Request("/things/1")) : Frame(Continuation, 0, 1, Field("x", 1000, indexed: false)),
        "head too large",
        atLeast: 0);

    [Fact]
    [Control("LIM-8", "HPACK bombs")]
    public Task A_small_head_that_unpacks_to_a_large_one_ends_its_connection() => EndsAsync(
        i => Frame(Headers, EndStream | EndHeaders, (2 * i) + 1,
            [.. Request("/things/1"), .. Field("x", 3900, indexed: true), .. Enumerable.Repeat((byte)0xbe, 4000)]),
        "head too large",
        atLeast: 0);

    [Fact]
    [Control("LIM-7", "streams of a connection")]
    public async Task More_streams_than_a_connection_may_have_are_refused_and_the_others_finish()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(async http => await release.Task.WaitAsync(http.RequestAborted));
        await using var gateway = await StartAsync(upstream, new FakeTimeProvider(TimeProvider.System.GetUtcNow()), ", intake: { streams: 3 }");
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        for (var i = 0; i < 5; i++) await client.SendAsync(Frame(Headers, EndStream | EndHeaders, (2 * i) + 1, Request("/things/1")));
        await Eventually.HoldsAsync(() => Task.FromResult(client.Received(Reset) == 2 && upstream.Requests.Count == 3), Cancel);
        Assert.True(client.HasEnded(7) && client.HasEnded(9));
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "stream-refused", Cancel);
        Assert.Equal("more streams than a connection may have", (string?)line["reason"]);
        release.SetResult();
        await Eventually.HoldsAsync(() => Task.FromResult(client.HasEnded(1) && client.HasEnded(3) && client.HasEnded(5)), Cancel);
        Assert.Equal(3, client.Received(Headers));
        Assert.Null(client.GoneAway);
    }

    [Fact]
    public async Task A_client_that_behaves_earns_what_it_needs()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, TimeProvider.System);
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        for (var i = 0; i < 6000; i++) // more pings and resets than are given at once, among twice as many requests
        {
            var stream = (4 * i) + 1;
            await client.SendAsync(
                [.. Get(stream), .. Get(stream + 2), .. Frame(Reset, 0, stream + 2, 0, 0, 0, 8), .. Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)]);
            if (i % 20 == 0) await Eventually.HoldsAsync(() => Task.FromResult(client.HasEnded(stream)), Cancel);
        }

        Assert.Null(client.GoneAway);
    }

    private static byte[] TakenBack(int i) => [.. Get((2 * i) + 1), .. Frame(Reset, 0, (2 * i) + 1, 0, 0, 0, 8)];

    private static byte[] EndedAndTakenBack(int i) =>
    [
        .. Frame(Headers, EndHeaders, (2 * i) + 1, Request("/things/1", post: true)),
        .. Frame(Headers, EndStream | EndHeaders, (2 * i) + 1, Literal("x", "1")),
        .. Frame(Reset, 0, (2 * i) + 1, 0, 0, 0, 8),
    ];

    private static byte[] Get(int stream) => Frame(Headers, EndStream | EndHeaders, stream, Request("/things/1"));

    private static Task<TestGateway> StartAsync(FakeUpstream upstream, TimeProvider clock, string more = "") => TestGateway.StartAsync(
        new SmallDeclaration(upstream.Address)
        {
            Listener = "address: \"127.0.0.1:0\", serves: [public], protocols: [http2]" + more,
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Write),
        },
        clock: clock);

    private static async Task EndsAsync(Func<int, byte[]> flood, string reason, int atLeast, string? orReason = null)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var neighbour = await ConnectAsync(gateway.AddressOf("edge"));
        await neighbour.SendAsync(Get(1));
        await Eventually.HoldsAsync(() => Task.FromResult(neighbour.HasEnded(1)), Cancel);
        var before = ProcessMemory.InUse();

        await using var attacker = await ConnectAsync(gateway.AddressOf("edge"), from: IPAddress.Parse("127.0.0.7"));
        var sent = await attacker.FloodAsync(Most, flood);
        await attacker.Closed;
        Assert.InRange(sent, atLeast, Most);
        ProcessMemory.HasGrownAtMost(32 << 20, before);
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-cut", Cancel);
        if ((string?)line["reason"] == orReason && orReason is not null) reason = orReason;
        Assert.Equal((reason, "127.0.0.7", "edge"), ((string?)line["reason"], (string?)line["client"], (string?)line["listener"]));
        Assert.Matches($$"""gatehouse_connections_cut_total\{[^}]*reason="{{reason}}"[^}]*\} 1""",
            await gateway.Administration.GetStringAsync("/metrics", Cancel));
        await neighbour.SendAsync(Get(3));
        await Eventually.HoldsAsync(() => Task.FromResult(neighbour.HasEnded(3)), Cancel);
        Assert.Null(neighbour.GoneAway);
    }
}
