using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>Limits over the built executable, as several processes.</summary>
public sealed class SharingProcessesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [Control("RTE-5", "processes")]
    [InlineData("exact", 0)]
    [InlineData("leased", 40)]
    public async Task Counts_over_processes_of_which_one_is_killed_and_started_again(string shared, int held)
    {
        const int Allow = 400;
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var backend = await FakeUpstream.StartAsync();
        backend.Otherwise(_ => Task.CompletedTask);
        using var folder = new TestFolder();
        int[] ports = [Declarations.FreePort(), Declarations.FreePort()];
        foreach (var port in ports)
            folder.Write($"{port}.yaml", Instances.Yaml(backend.Address, $"[ {{ per: all, allow: {Allow}, every: 1d, shared: {shared} }} ]", redis.Address,
                Instances.Patient, 2, $"127.0.0.1:{port}", $"127.0.0.1:{Declarations.FreePort()}"));
        WritePepper(folder);

        var since = Stopwatch.GetTimestamp();
        await using var first = await StartAsync(folder, ports[0]);
        var second = await StartAsync(folder, ports[1]);
        var passed = (await Task.WhenAll(PassAsync(ports[0], 60), PassAsync(ports[1], 60))).Sum();
        Assert.Equal(120, passed);
        await second.SignalAsync("KILL", Cancel); // what it had leased is lost
        await second.DisposeAsync();
        await using var again = await StartAsync(folder, ports[1]);
        passed += (await Task.WhenAll(PassAsync(ports[0], 300), PassAsync(ports[1], 300))).Sum();
        var cameBack = 1 + (int)(Stopwatch.GetElapsedTime(since) * Allow / TimeSpan.FromDays(1));
        Assert.InRange(passed, Allow - held - held / 2, Allow + cameBack);
        Assert.Equal(passed, backend.Requests.Count);
    }

    [Fact]
    [Control("RTE-6", "a process and its store, killed and started again")]
    public async Task Has_spent_what_it_had_spent_when_it_and_its_store_are_killed()
    {
        await using var redis = await RedisServer.StartAsync(Cancel);
        await using var backend = await FakeUpstream.StartAsync();
        backend.Otherwise(_ => Task.CompletedTask);
        using var folder = new TestFolder();
        var port = Declarations.FreePort();
        var declaration = Instances.Yaml(backend.Address, "[ { per: all, allow: 1000, every: 1s, shared: local } ]", redis.Address,
            Instances.Patient, 2, $"127.0.0.1:{port}", $"127.0.0.1:{Declarations.FreePort()}");
        folder.Write($"{port}.yaml", declaration.Replace("stores:", "stores:\n  sqlite: spent.db", StringComparison.Ordinal).TrimEnd()
            + "\n        quotas: [ { per: all, allow: 100, every: month, shared: exact } ]\n");
        WritePepper(folder);

        await using (var first = await StartAsync(folder, port))
        {
            Assert.Equal(70, await PassAsync(port, 70));
            await Eventually.HoldsAsync(() => Task.FromResult(HasRemembered(folder, 70)), Cancel); // within a second or so
            await first.SignalAsync("KILL", Cancel);
        }

        await redis.KillAsync();
        await redis.StartAgainAsync(Cancel);
        await using var again = await StartAsync(folder, port);
        Assert.Equal(30, await PassAsync(port, 50));
    }

    private static bool HasRemembered(TestFolder folder, long spent)
    {
        using var file = new SqliteConnection($"Data Source={folder.Of("spent.db")};Mode=ReadOnly;Pooling=false");
        file.Open();
        using var command = file.CreateCommand();
        command.CommandText = "SELECT spent FROM heard";
        return command.ExecuteScalar() is long heard && heard == spent;
    }

    private static void WritePepper(TestFolder folder)
    {
        var pepper = folder.Write("store.pepper", Instances.WithPepper()["store.pepper"]);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(pepper, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<GatehouseProcess> StartAsync(TestFolder folder, int port)
    {
        var process = GatehouseProcess.Start(folder.Path, "run", "-c", port.ToString(CultureInfo.InvariantCulture) + ".yaml");
        await process.LinesAsync(Cancel, "listener 'edge' serves", "limits are counted together with the other instances");
        return process;
    }

    private static async Task<int> PassAsync(int port, int calls)
    {
        using var client = new HttpClient();
        var passed = 0;
        for (var i = 0; i < calls; i++)
        {
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/things/17"), Cancel);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{answer.StatusCode}");
            if (answer.StatusCode == HttpStatusCode.OK) passed++;
        }

        return passed;
    }
}
