using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>
/// Bodies that are larger than the executable has memory for, both ways. <c>GATEHOUSE_LARGE_MIB</c> makes them larger: 2048 are 2 GiB.
/// </summary>
public sealed class LargeBodyTests
{
    /// <summary>What the process may have at most on top of what it has before, whatever the size: buffers, and what is not collected yet.</summary>
    private const long MostMore = 96L << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static long Size =>
        (int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_LARGE_MIB"), CultureInfo.InvariantCulture, out var mib) ? mib : 256L) << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pass_up_and_down_in_flat_memory(bool http2)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells");
        await using var front = await ProgramFront.StartAsync(Cancel);
        var size = Size;
        front.Upstream.On("/large/1", async http =>
        {
            var (buffer, taken) = (new byte[64 << 10], 0L);
            while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read) taken += read;
            http.Response.Headers["X-Taken"] = taken.ToString(CultureInfo.InvariantCulture);
            http.Response.ContentLength = size;
            await new Zeros(size).CopyToAsync(http.Response.Body, http.RequestAborted);
        }, readsBody: true);
        var version = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{(http2 ? front.Http2 : front.Http1)}")),
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        for (var i = 0; i < 50; i++) Assert.Equal("ok", await client.GetStringAsync("/things/1", Cancel));
        var before = front.MostResident;

        using var request = new HttpRequestMessage(HttpMethod.Post, "/large/1")
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StreamContent(new Zeros(size)),
        };
        request.Content.Headers.ContentLength = size;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(size.ToString(CultureInfo.InvariantCulture), response.Headers.GetValues("X-Taken").Single());
        var (stream, buffer, total) = (await response.Content.ReadAsStreamAsync(Cancel), new byte[256 << 10], 0L);
        while (await stream.ReadAsync(buffer, Cancel) is > 0 and var read) total += read;
        Assert.Equal(size, total);

        var more = front.MostResident - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{size >> 20} MiB up and down: {before >> 20} MiB before, at most {more >> 20} MiB more");
        Assert.InRange(more, 0, MostMore);
        await Eventually.HoldsAsync(() => Task.FromResult(Logged(front, size)), Cancel);
    }

    /// <summary>Whether the access log has every byte of both.</summary>
    private static bool Logged(ProgramFront front, long size) =>
        File.ReadAllLines(Path.Combine(front.Folder, "access.log")).Select(l => JsonNode.Parse(l)!)
            .Any(r => (string?)r["route"] == "things/put-large" && (long)r["bytesIn"]! == size && (long)r["bytesOut"]! == size);
}
