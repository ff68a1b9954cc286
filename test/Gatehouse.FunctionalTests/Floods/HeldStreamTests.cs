using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using static Gatehouse.FunctionalTests.Floods.FrameClient;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Floods;

/// <summary>Clients of HTTP/2 that let answers be written and do not take them: an exchange is over by then, what it holds is not.</summary>
public sealed class HeldStreamTests
{
    private const string Quick = "intake: { head: 1s, idle: 1s, rate: 100000, grace: 2s }";

    private static readonly byte[] NoWindow = [0, 4, 0, 0, 0, 0];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LIM-7", "streams of an address")]
    public async Task An_answer_counts_for_its_address_until_it_has_left()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "intake: { streamsPerAddress: 3 }");
        await using var holder = await ConnectAsync(gateway.AddressOf("edge"), NoWindow);
        for (var i = 0; i < 3; i++) await holder.SendAsync(Get((2 * i) + 1, "/nothing"));
        await Eventually.HoldsAsync(() => Task.FromResult(holder.Received(Headers) == 3), Cancel);
        await gateway.AccessLog.RecordsAsync(3, Cancel); // all are over
        Assert.Equal(0, holder.Received(Data));

        await using var other = await ConnectAsync(gateway.AddressOf("edge"));
        await other.SendAsync(Get(1, "/nothing"));
        await gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "too-many-streams", Cancel);

        await holder.SendAsync(Frame(Settings, 0, 0, 0, 4, 0, 0, 0xff, 0xff));
        await Eventually.HoldsAsync(() => Task.FromResult(holder.HasEnded(1) && holder.HasEnded(3) && holder.HasEnded(5)), Cancel);
        await other.SendAsync(Get(3, "/offer"));
        await Eventually.HoldsAsync(() => Task.FromResult(other.HasEnded(3)), Cancel);
        var records = await gateway.AccessLog.RecordsAsync(5, Cancel);
        Assert.Equal(404, (int)records[4]["status"]!);
    }

    [Fact]
    public async Task What_a_connection_held_is_given_back_with_it()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "intake: { streamsPerAddress: 1 }");
        await using (var holder = await ConnectAsync(gateway.AddressOf("edge"), NoWindow))
        {
            await holder.SendAsync(Get(1, "/nothing"));
            await gateway.AccessLog.RecordsAsync(1, Cancel);
        }

        await using var other = await ConnectAsync(gateway.AddressOf("edge"));
        var stream = 1;
        await Eventually.HoldsAsync(async () =>
        {
            await other.SendAsync(Get(stream, "/nothing"));
            await Eventually.HoldsAsync(() => Task.FromResult(other.HasEnded(stream)), Cancel);
            stream += 2;
            return (int)(await gateway.AccessLog.RecordsAsync(stream / 2 + 1, Cancel))[^1]["status"]! == 404;
        }, Cancel);
    }

    [Fact]
    [Control("LIM-6", "slow reader")]
    public async Task Answers_that_are_not_taken_end_their_connection_whatever_else_it_says()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Quick);
        await using var client = await ConnectAsync(gateway.AddressOf("edge"), NoWindow);
        await client.SendAsync(Get(1, "/things/1"));
        await PingAsync(client);
        Assert.False(client.HasEnded(1));
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "connection-cut", Cancel);
        Assert.Equal("reads too slowly", (string?)line["reason"]);
    }

    [Fact]
    [Control("LIM-6", "idle")]
    public async Task A_connection_that_only_pings_is_idle()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Quick);
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        await client.SendAsync(Get(1, "/things/1"));
        await PingAsync(client);
        Assert.True(client.HasEnded(1));
        Assert.Equal(0, client.GoneAway); // it is told, as by whoever has done nothing wrong
        await Eventually.HoldsAsync(
            async () => (await gateway.Administration.GetStringAsync("/metrics", Cancel)).Contains("reason=\"idle\"", StringComparison.Ordinal),
            Cancel);
        Assert.Single(await gateway.AccessLog.RecordsAsync(1, Cancel));
    }

    [Fact]
    [Control("LOG-1", "streams that the parser takes back")]
    public async Task A_stream_that_is_no_request_is_recorded()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, Quick);
        await using var client = await ConnectAsync(gateway.AddressOf("edge"));
        await client.SendAsync(Get(1, "things/1"));
        await Eventually.HoldsAsync(() => Task.FromResult(client.Received(Reset) == 1), Cancel);
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "stream-refused", Cancel);
        Assert.Equal(("not a request as the parser takes it", "127.0.0.1"), ((string?)line["reason"], (string?)line["client"]));
        var metrics = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Matches("""gatehouse_refusals_total\{[^}]*problem="malformed-request"[^}]*\} 1""", metrics);
    }

    /// <summary>Keeps saying that it is there until the connection is closed.</summary>
    private static async Task PingAsync(FrameClient client)
    {
        using var between = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!client.IsClosed && await client.SendAsync(Frame(Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)))
            await between.WaitForNextTickAsync(Cancel);
        await client.Closed;
    }

    private static byte[] Get(int stream, string path) => Frame(Headers, EndStream | EndHeaders, stream, Request(path));

    private static Task<TestGateway> StartAsync(FakeUpstream upstream, string more) => TestGateway.StartAsync(
        new SmallDeclaration(upstream.Address) { Listener = "address: \"127.0.0.1:0\", serves: [public], protocols: [http2], " + more });
}
