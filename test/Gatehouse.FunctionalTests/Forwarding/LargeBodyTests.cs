using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>Bodies that do not fit into what may be held of them.</summary>
[Collection(nameof(ProcessMemory))]
public sealed class LargeBodyTests
{
    private const long Large = 100 * 1024 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_a_large_request_in_bounded_memory()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.On("/upload", async http => await http.Response.WriteAsync($"{await DrainAsync(http.Request.Body)}"), readsBody: true);
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        var before = ProcessMemory.InUse();

        await client.SendAsync($"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: {Large}\r\n\r\n");
        var megabyte = new byte[1024 * 1024];
        for (var i = 0; i < Large / megabyte.Length; i++) await client.SendAsync(megabyte);
        var response = await client.ReadResponseAsync();

        Assert.Equal($"{Large}", response.Text);
        ProcessMemory.HasGrownAtMost(Large / 4, before);
    }

    [Fact]
    public async Task Streams_a_large_response_in_bounded_memory_even_to_a_client_that_does_not_read()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var sent = 0L;
        upstream.On("/download", async http =>
        {
            var megabyte = new byte[1024 * 1024];
            for (; sent < Large; sent += megabyte.Length) await http.Response.Body.WriteAsync(megabyte, http.RequestAborted);
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(host.Port);
        var before = ProcessMemory.InUse();

        await client.SendAsync("GET /download HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        await client.ReadHeadAsync();
        ProcessMemory.HasGrownAtMost(Large / 4, before);
        var received = await DrainAsync(client.Stream);

        Assert.Equal(Large, sent);
        Assert.True(received > Large - 1024 * 1024, $"{received} bytes arrived"); // some were read ahead with the head, and there is framing
        Assert.Equal(Large, (await host.EndedAsync(Cancel)).ResponseBytes);
        ProcessMemory.HasGrownAtMost(Large / 4, before);
    }

    private static async Task<long> DrainAsync(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        var total = 0L;
        while (await stream.ReadAsync(buffer, Cancel) is var read and > 0) total += read;
        return total;
    }
}
