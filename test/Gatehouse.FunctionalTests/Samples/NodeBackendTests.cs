using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Assertions;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>The sample in Node: it takes what comes through the gateway, and refuses what goes around it.</summary>
public sealed class NodeBackendTests
{
    private static readonly string Folder = SampleCalls.Folder("node-backend");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("BKD-4", "in Node")]
    [Control("BKD-1", "in Node")]
    [Control("BKD-3", "in Node")]
    public async Task It_answers_whom_the_gateway_vouches_for_and_nobody_else()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Folder, "node_modules", "jose")), "npm ci was not run: ./build test does it");
        var inside = Declarations.FreePort();
        await using var node = GatehouseProcess.StartProgram(
            "node",
            [
                ("GATEHOUSE_ISSUER", Vouching.Issuer),
                ("GATEHOUSE_AUDIENCE", "orders"),
                ("GATEHOUSE_KEYS", $"http://127.0.0.1:{inside}{Vouching.KeysPath}"),
            ],
            Folder,
            "server.js");
        var address = new Uri("http://127.0.0.1:" + (await node.LineAsync("listening on", Cancel)).Split(' ')[^1]);
        await using var vouching = await Vouching.StartAsync(address, inside: inside);
        using var around = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        var own = await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "customer-17"));
        Assert.Equal((200, "customer-17", "web-shop"), (own.Status, (string?)own.Body["person"], (string?)own.Body["consumer"]));
        Assert.Equal(404, (await AskAsync(vouching.Edge, "/orders/18", ("Test-Person", "customer-17"))).Status);
        await OthersGetNoOrderAsync(vouching);
        Assert.Equal(401, (await AskAsync(vouching.Edge, "/others/17")).Status); // an assertion for another audience
        Assert.Equal(401, (await AskAsync(around, new Uri(address, "/orders/17").ToString())).Status);
        Assert.Equal(401, (await AskAsync(around, new Uri(address, "/orders/17").ToString(), ("Gatehouse-Assertion", "e30.e30.AAAA"))).Status);
    }

    /// <summary>The gateway lets all of these pass; the order is nobody's but its customer's, and the one program's that has a rule.</summary>
    private static async Task OthersGetNoOrderAsync(Vouching vouching)
    {
        Assert.Equal(404, (await AskAsync(vouching.Edge, "/orders/17")).Status); // anonymous
        Assert.Equal(404, (await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "-"))).Status); // a program that speaks for itself
        Assert.Equal(404, (await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "-"), ("Test-Consumer", "stock-sync"))).Status);
        Assert.Equal(404, (await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "customer-17"), ("Test-Issuer", "staff"))).Status);
        Assert.Equal(
            404, (await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "customer-18"), ("Test-Consumer", "invoice-run"))).Status);
        var program = await AskAsync(vouching.Edge, "/orders/17", ("Test-Person", "-"), ("Test-Consumer", "invoice-run"));
        Assert.Equal((200, null, "invoice-run"), (program.Status, (string?)program.Body["person"], (string?)program.Body["consumer"]));
    }

    private static async Task<(int Status, JsonObject Body)> AskAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request, Cancel);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!.AsObject());
    }
}
