using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

public sealed class ExplainTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_command_says_what_became_of_a_request_served_or_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        var served = await ExplainAsync(gateway, await IdAsync(gateway, "/things/17"), "--output", "json");
        var exchange = JsonNode.Parse(served.Output)!;
        Assert.Equal("things/get-thing", (string)exchange["route"]!);
        Assert.Equal(200, (int)exchange["status"]!);
        Assert.StartsWith("http", (string)exchange["destination"]!, StringComparison.Ordinal);
        Assert.Equal("record", (string)exchange["decisions"]![0]!["policy"]!);
        Assert.True((double)exchange["ms"]! >= (double)exchange["upstreamMs"]!);
        var refused = await ExplainAsync(gateway, await IdAsync(gateway, "/nothing"));
        Assert.Contains("not-found", refused.Output, StringComparison.Ordinal);
        Assert.Contains("/*", refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("/nothing", refused.Output, StringComparison.Ordinal);
        await using var raw = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await raw.SendAsync("GARBAGE\r\n\r\n");
        var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["decidedBy"] == "parser", Cancel);
        Assert.Contains("malformed-request", (await ExplainAsync(gateway, (string)line["requestId"]!)).Output, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AZN-9")]
    public async Task What_it_says_agrees_with_what_was_answered_and_with_the_access_log()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.Few),
        });
        using var client = gateway.Client("edge");
        foreach (var (path, decidedBy) in new[]
            { ("/few/1", null), ("/few/1", null), ("/few/1", "limits"), ("/few/1/2", "route"), ("/things/1", null) })
        {
            using var response = await client.GetAsync(path, Cancel);
            var id = response.Headers.GetValues("X-Request-Id").Single();
            var line = await gateway.AccessLog.WaitForAsync(r => (string?)r["requestId"] == id, Cancel);
            var said = JsonNode.Parse((await ExplainAsync(gateway, id, "--output", "json")).Output)!;
            Assert.Equal((int)response.StatusCode, (int)said["status"]!);
            Assert.Equal(decidedBy, (string?)said["decidedBy"]);
            foreach (var name in new[] { "route", "path", "problem", "reason", "decidedBy", "destination", "listener", "method", "revision" })
                Assert.Equal((name, line[name]?.ToJsonString()), (name, said[name]?.ToJsonString()));
            var told = response.Headers.TryGetValues("RateLimit-Policy", out var policy) ? policy.Single() : null;
            Assert.Equal(told, (string?)said["limits"]);
            var refusals = said["decisions"]!.AsArray().Where(d => (string)d!["verdict"]! == "refused").Select(d => (string)d!["policy"]!);
            Assert.Equal(decidedBy is "limits" ? ["limits"] : [], refusals);
        }
    }

    [Fact]
    public async Task An_id_that_is_unknown_or_no_id_is_said_to_be()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(upstream.Address));
        await IdAsync(gateway, "/nothing");
        var unknown = await ExplainAsync(gateway, "00000000000000000000000000");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("does not remember", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("Of refusals and errors it remembers back to 2", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await ExplainAsync(gateway, "17")).ExitCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.Administration.GetAsync("/explain/17", Cancel)).StatusCode);
        var posted = await gateway.Administration.PostAsync("/explain/00000000000000000000000000", null, Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    private static async Task<string> IdAsync(TestGateway gateway, string path)
    {
        using var response = await gateway.Client("edge").GetAsync(path, Cancel);
        var id = response.Headers.GetValues("X-Request-Id").Single();
        await Eventually.HoldsAsync(async () =>
        {
            using var asked = await gateway.Administration.GetAsync("/explain/" + id, Cancel);
            return asked.StatusCode == HttpStatusCode.OK;
        }, Cancel);
        return id;
    }

    private static Task<GatehouseProcess.Finished> ExplainAsync(TestGateway gateway, string id, params string[] more) => GatehouseProcess.RunAsync(
        gateway.Folder, Cancel, ["explain", "--request", id, "--admin", $"http://{gateway.Running.Administration}", .. more]);
}
