using System.Buffers.Binary;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Drain;

public sealed class Http2DrainTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AVL-2")]
    public async Task A_connection_is_told_to_go_and_its_stream_in_flight_finishes()
    {
        var release = new TaskCompletionSource();
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/slow", async http =>
        {
            await release.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("done");
        });
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(upstream.Address) { Listener = """address: "127.0.0.1:0", serves: [public], protocols: [http2]""" });
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await client.SendAsync(Frame(Settings, 0, 0, []));
        await client.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, Request("/things/slow")));
        await upstream.NextAsync(Cancel);

        var stopping = gateway.Running.StopAsync(CancellationToken.None);
        await UntilAsync(client, GoAway);
        Assert.False(stopping.IsCompleted);
        release.SetResult();
        Assert.Equal(1, (await UntilAsync(client, Headers)).Stream);
        var body = await UntilAsync(client, Data);
        Assert.Equal((1, "done"), (body.Stream, Encoding.ASCII.GetString(body.Payload)));
        await client.ReadToEndAsync(); // the gateway closes it by itself
        await stopping;
        Assert.EndsWith("gatehouse: stopped\n", gateway.Events, StringComparison.Ordinal);
        Assert.Equal(200, (int)Assert.Single(gateway.AccessLog.Records)["status"]!);
    }

    /// <summary>Reads frames until one of this type.</summary>
    private static async Task<(int Stream, byte[] Payload)> UntilAsync(RawHttpClient client, byte type)
    {
        while (true)
        {
            var head = await client.ReadBytesAsync(9);
            var payload = await client.ReadBytesAsync(BinaryPrimitives.ReadInt32BigEndian(head) >> 8);
            if (head[3] == type) return (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
    }
}
