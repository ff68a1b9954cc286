using System.Globalization;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Register;

/// <summary>One instance with its file, and the command line that changes the register while it runs: the built executable, twice.</summary>
public sealed class OneInstanceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("KEY-6", "by the command line, while it runs and after a restart")]
    public async Task The_command_line_changes_what_a_running_gateway_takes()
    {
        await using var backend = await FakeUpstream.StartAsync();
        using var folder = new TestFolder();
        var (edge, admin) = (Declarations.FreePort(), Declarations.FreePort());
        folder.Write("gatehouse.yaml",
            RegisteredFront.Yaml("sqlite", "sqlite: register.db", backend.Address, "1h", $"127.0.0.1:{edge}", $"127.0.0.1:{admin}"));
        var pepper = folder.Write("pepper", Encoding.ASCII.GetString(RegisteredFront.Pepper.Bytes));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(pepper, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{edge}") };

        await using (var gateway = await StartAsync(folder))
        {
            var (id, key) = await CreateAsync(folder);
            await BecomesAsync(client, key, 200);
            await RunAsync(folder, "suspend", "route", RegisteredFront.Route, "--reason", "an incident", "--by", "anna");
            await BecomesAsync(client, key, 503);
            await RunAsync(folder, "resume", "route", RegisteredFront.Route, "--reason", "mended");
            await BecomesAsync(client, key, 200);
            var next = JsonNode.Parse(await RunAsync(folder, "key", "rotate", "--id", id, "--overlap", "1h", "--output", "json"))!;
            await BecomesAsync(client, (string)next["key"]!, 200);
            await RunAsync(folder, "key", "revoke", "--id", id, "--reason", "it leaked");
            await BecomesAsync(client, key, 401);
            await RunAsync(folder, "suspend", "consumer", "stock-sync", "--reason", "an incident");
            await BecomesAsync(client, (string)next["key"]!, 403);
            Assert.Contains(id, await RunAsync(folder, "key", "list"), StringComparison.Ordinal);
            await gateway.SignalAsync("KILL", Cancel);
        }

        await using var again = await StartAsync(folder);
        var (_, other) = await CreateAsync(folder);
        await BecomesAsync(client, other, 403);
    }

    private static async Task<GatehouseProcess> StartAsync(TestFolder folder)
    {
        var gateway = GatehouseProcess.Start(folder.Path, "run");
        await gateway.LineAsync("revision 1 is in force", Cancel);
        return gateway;
    }

    private static async Task<(string Id, string Key)> CreateAsync(TestFolder folder)
    {
        var made = JsonNode.Parse(await RunAsync(folder, "key", "create", "--store", "--consumer", "stock-sync", "--output", "json"))!;
        return ((string)made["id"]!, (string)made["key"]!);
    }

    private static async Task<string> RunAsync(TestFolder folder, params string[] arguments)
    {
        var run = await GatehouseProcess.RunAsync(folder.Path, Cancel, arguments);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return run.Output;
    }

    private static Task BecomesAsync(HttpClient client, string key, int status) => Eventually.HoldsAsync(
        async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/things/17");
            request.Headers.Add("X-Api-Key", key);
            using var answer = await client.SendAsync(request, Cancel);
            return (int)answer.StatusCode == status;
        },
        Cancel);
}
