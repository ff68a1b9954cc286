using System.Buffers.Binary;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static Gatehouse.TestKit.FrameService;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>
/// Answers of gRPC that are trailers alone: one frame is the head, has the status and ends the stream, and clients take the status from no other.
/// </summary>
public sealed class TrailersOnlyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_ends_with_its_first_frame_does_so_for_the_client()
    {
        await using var upstream = RawUpstream.Start(static async connection =>
        {
            var service = new FrameService(connection);
            if (!await service.ReadPrefaceAsync()) return;
            await service.SendAsync(Frame(Settings, 0, 0));
            while (await service.NextRequestAsync() is { } stream)
                await service.SendAsync(Head(stream, EndStream, ("content-type", "application/grpc"), ("grpc-status", "5")));
        });
        await AssertEndsWithItsHeadAsync(
            upstream.Address, Frame(Headers, EndStream | EndHeaders, 1, Request("/orders.Orders/Get", post: true)));
    }

    [Fact]
    public async Task So_does_the_answer_of_Kestrel_to_a_call_with_a_message()
    {
        await using var upstream = await FakeUpstream.StartAsync(HttpProtocols.Http2);
        upstream.Otherwise(static http =>
        {
            http.Response.ContentType = "application/grpc";
            http.Response.Headers["grpc-status"] = "5";
            return Task.CompletedTask;
        });
        await AssertEndsWithItsHeadAsync(
            upstream.Address,
            [.. Frame(Headers, EndHeaders, 1, Request("/orders.Orders/Get", post: true)), .. Frame(Data, EndStream, 1, 0, 0, 0, 0, 0)]);
    }

    private static async Task AssertEndsWithItsHeadAsync(Uri service, byte[] call)
    {
        var upstream = ForwardingHost.UpstreamOf(service) with { Protocol = UpstreamProtocol.Http2 };
        await using var host = await ForwardingHost.StartAsync(upstream, protocols: HttpProtocols.Http2);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await client.SendAsync(Frame(Settings, 0, 0));
        await client.SendAsync(call);

        byte[] head;
        do
        {
            head = await client.ReadBytesAsync(9);
            await client.ReadBytesAsync(BinaryPrimitives.ReadInt32BigEndian(head) >> 8);
        }
        while (head[3] != Headers);

        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)));
        Assert.Equal(EndStream, (byte)(head[4] & EndStream));
        Assert.Null((await host.EndedAsync(Cancel)).Problem);
    }
}
