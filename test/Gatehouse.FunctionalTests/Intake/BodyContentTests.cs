using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>What is in a body, from the socket to the service: refused with a problem and nobody hears of it, or forwarded byte for byte.</summary>
public sealed class BodyContentTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("VAL-2", "bodies that are whole before they are forwarded")]
    [Control("VAL-5", "JSON and compressed bodies that are whole before they are forwarded")]
    [Control("DEV-2", "JSON bodies")]
    public async Task JSON_is_forwarded_byte_for_byte_or_refused()
    {
        await using var upstream = new StrictUpstream();
        await using var gateway = await StartAsync(upstream, "");
        var file = Path.Combine(AppContext.BaseDirectory, "corpora", "json-parsing", "cases.json");
        foreach (var text in JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!.AsArray())
        {
            var (name, bytes) = ((string)text!["name"]!, Convert.FromBase64String((string)text["base64"]!));
            if (bytes.Length == 0) continue; // no body: whether one is needed is for who validates
            var before = upstream.Requests.Count;
            var response = await SendAsync(gateway, bytes, "application/json");
            var mustPass = name.StartsWith("y_", StringComparison.Ordinal) && !name.Contains("duplicated", StringComparison.Ordinal);
            if (mustPass) Assert.True(response.Status == 200, name);
            if (name.StartsWith("n_", StringComparison.Ordinal)) Assert.True(response.Status == 400, name);
            if (response.Status == 200)
            {
                Assert.Equal(bytes, upstream.Requests.Single(r => r.Field("X-Request-Id") == response.Header("X-Request-Id")).Body.ToArray());
                continue;
            }

            Assert.True(response.Status == 400 && upstream.Requests.Count == before, name);
            Assert.Matches("urn:gatehouse:problem:(malformed-json|json-too-complex)", response.Text);
        }

        Assert.Empty(upstream.Faults);
    }

    [Theory]
    [Control("LIM-3")]
    [InlineData(90, 200, null)]
    [InlineData(101, 400, "the JSON is too deep")]
    [InlineData(200_000, 400, "the JSON is too deep")]
    public async Task JSON_has_the_bounds_of_its_route(int depth, int status, string? reason)
    {
        await using var upstream = new StrictUpstream();
        await using var gateway = await StartAsync(upstream, "json: { depth: 100 }");
        var text = new string('[', depth) + new string(']', depth);
        Assert.Equal(status, (await SendAsync(gateway, Encoding.ASCII.GetBytes(text), "application/problem+json")).Status);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal((reason, status == 200 ? null : "json-too-complex"), ((string?)record["reason"], (string?)record["problem"]));
        Assert.Equal(status == 200 ? 1 : 0, upstream.Requests.Count);
    }

    [Theory]
    [Control("LIM-4")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_compressed_body_is_looked_through_and_forwarded_as_it_came(string coding)
    {
        await using var upstream = new StrictUpstream();
        await using var gateway = await StartAsync(upstream, "encodings: [gzip, br, deflate], expanded: 2MiB");
        var good = Packing.Pack(coding, Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, 40_000)) + "]"));
        var response = await SendAsync(gateway, good, "application/json", coding);
        Assert.Equal(200, response.Status);
        Assert.Equal((coding, good.Length), (upstream.Requests[0].Field("Content-Encoding"), upstream.Requests[0].Body.Length));
        Assert.Equal(good, upstream.Requests[0].Body.ToArray());

        var noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        foreach (var (body, type, status) in ((byte[], string, int)[])[
            (Packing.Pack(coding, new byte[1_000_000]), "text/plain", 413), // more than a hundred times its size
            (Packing.Pack(coding, [.. noise, .. new byte[2_000_000]]), "text/plain", 413), // more than allowed
            (Packing.Pack(coding, "[1"u8.ToArray()), "application/json", 400),
            ([.. good, 0], "application/json", 400),
            (good[..^9], "application/json", 400),
            (noise, "text/plain", 400),
        ])
            Assert.Equal(status, (await SendAsync(gateway, body, type, coding)).Status);
        Assert.Equal(415, (await SendAsync(gateway, Packing.Pack(coding, good), "application/json", $"{coding}, {coding}")).Status);
        Assert.Single(upstream.Requests);
    }

    private static async Task<RawResponse> SendAsync(TestGateway gateway, byte[] body, string type, string? coding = null)
    {
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        var head = $"POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n"
            + (coding is null ? "\r\n" : $"Content-Encoding: {coding}\r\n\r\n");
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body]);
        return await client.ReadResponseAsync();
    }

    private static Task<TestGateway> StartAsync(StrictUpstream upstream, string body) => TestGateway.StartAsync(new SmallDeclaration(upstream.Address)
    {
        MoreRoutes = RoutesForTests.Of(RoutesForTests.Write.Replace(
            "effect: write", $"effect: write\n        body: {{ {body} }}", StringComparison.Ordinal)),
    });
}
