using System.Net;
using System.Net.Sockets;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Own;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>The executable at a start at which its declaration cannot be read.</summary>
public sealed class LastGoodTests : IAsyncLifetime
{
    private const string Kept = "last-good";
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        WriteDeclaration();
        await GatehouseProcess.RunAsync(_folder.Path, Cancel, "key", "init", "last-good.key");
        await using var first = await ServeAsync(); // which keeps it
        await first.SignalAsync("TERM", Cancel);
        await first.FinishAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData(null)]
    [Control("AVL-4")]
    public async Task A_start_without_a_readable_declaration_serves_the_last_good_one_until_it_is_mended(string? text)
    {
        Break(text);
        await using var gatehouse = await ServeAsync();
        Assert.Contains("WHAT IS SERVED IS THE LAST GOOD ONE", gatehouse.Error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
        Assert.Contains("\"lastGood\":{\"provedAt\":", await AdministrationAsync("/readyz"), StringComparison.Ordinal);
        Assert.Contains("gatehouse_lastgood_age_seconds", await AdministrationAsync("/metrics"), StringComparison.Ordinal);

        WriteDeclaration();
        await gatehouse.SignalAsync("HUP", Cancel);
        await gatehouse.LineAsync("the last good one is over", Cancel);
        Assert.DoesNotContain("lastGood", await AdministrationAsync("/readyz"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
    }

    [Fact]
    [Control("CFG-3")]
    [Control("AVL-3", "no valid declaration at the start")]
    public async Task Nobody_who_has_not_asked_for_it_gets_the_last_good_one()
    {
        Break("nonsense");
        var finished = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "run");
        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("has errors; nothing is served", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AVL-4", "altered")]
    public async Task An_altered_one_is_refused()
    {
        Break("nonsense");
        var bytes = await File.ReadAllBytesAsync(_folder.Of(Kept), Cancel);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(_folder.Of(Kept), bytes, Cancel);
        var finished = await GatehouseProcess.RunAsync(_folder.Path, Cancel, Arguments);
        Assert.Equal(1, finished.ExitCode);
        Assert.Contains("the last good one cannot be served: its signature is not good", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AVL-4", "no longer than its age")]
    public async Task At_its_age_it_ends()
    {
        Break("nonsense");
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var (events, log) = (new StringWriter(), new MemoryLines());
        var running = GatewayHost.RunAsync(Options(clock, TextWriter.Synchronized(events), log), Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(Said().Contains("is in force", StringComparison.Ordinal)), Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(running.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await running);
        Assert.Contains("the last good declaration is too old now", Said(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(GetAsync);

        string Said()
        {
            lock (events) return events.ToString();
        }
    }

    [Fact]
    [Control("AVL-4", "only what was in force")]
    public async Task What_was_valid_and_never_in_force_is_not_kept()
    {
        using (var another = new TcpListener(IPAddress.Loopback, _edge))
        {
            another.Start();
            WriteDeclaration("/stock/{article}", "/other/{article}");
            var finished = await GatehouseProcess.RunAsync(_folder.Path, Cancel, Arguments);
            Assert.Equal(1, finished.ExitCode);
            Assert.Contains("cannot listen: the address is in use", finished.Error, StringComparison.Ordinal);
        }

        Break("nonsense");
        await using var gatehouse = await ServeAsync();
        Assert.Equal(HttpStatusCode.OK, await GetAsync());
    }

    [Fact]
    [Control("AVL-4", "no longer than its age")]
    public async Task It_ages_while_what_the_files_say_cannot_be_compiled()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var events = new StringWriter();
        var options = Options(clock, events, new MemoryLines()) with { Kinds = PolicyCatalog.AfterRouteWith([new Fragile()]) };
        await using (var gateway = await GatewayHost.StartAsync(options, Cancel))
        {
            WriteDeclaration("limits:", "policies: { fragile: {} }\n        limits:");
            await gateway.ReloadAsync(Cancel);
            clock.Advance(TimeSpan.FromMinutes(50));
            await gateway.ReloadAsync(Cancel); // the files say the same as before, and not what is in force
            clock.Advance(TimeSpan.FromMinutes(11));
        }

        Assert.Contains("reload failed", events.ToString(), StringComparison.Ordinal);
        Assert.Contains("reload: no file has changed", events.ToString(), StringComparison.Ordinal);
        Break("nonsense");
        var refused = await Assert.ThrowsAsync<GatewayStartException>(() => GatewayHost.StartAsync(options, Cancel));
        Assert.Contains("which is too long ago", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_options_are_wrong_use()
    {
        const string age = "--last-good x --last-good-key file:x --last-good-age 10d";
        foreach (var wrong in (string[])["--last-good x", "--last-good-key file:x", age, "--last-good-age 1h"])
            Assert.Equal(2, (await GatehouseProcess.RunAsync(_folder.Path, Cancel, ["run", .. wrong.Split(' ')])).ExitCode);
        var unsigned = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "run", "--last-good", "x", "--last-good-key", "file:not-there");
        Assert.Equal(1, unsigned.ExitCode);
        Assert.Contains("the last good declaration cannot be kept; nothing is served", unsigned.Error, StringComparison.Ordinal);
    }

    private static string[] Arguments => ["run", "--last-good", Kept, "--last-good-key", "file:last-good.key"];

    private void Break(string? text)
    {
        if (text is null) File.Delete(_folder.Of("gatehouse.yaml"));
        else _folder.Write("gatehouse.yaml", text);
    }

    private void WriteDeclaration() => WriteDeclaration("gatehouse: v1", "gatehouse: v1");

    private void WriteDeclaration(string was, string isNow)
    {
        var declaration = Declarations.Stock(_edge, _administration, _upstream.Address.GetLeftPart(UriPartial.Authority));
        _folder.Write("gatehouse.yaml", declaration.Replace(was, isNow, StringComparison.Ordinal));
    }

    private GatewayOptions Options(FakeTimeProvider clock, TextWriter events, MemoryLines log) => new()
    {
        DeclarationPath = "gatehouse.yaml", // as the process had it, in its folder
        Files = () => new SourceFiles(path => File.ReadAllBytes(_folder.Of(path))),
        LastGood = new LastGoodOptions(_folder.Of(Kept), "file:last-good.key", TimeSpan.FromHours(1)),
        Clock = clock,
        Events = events,
        AccessLog = log,
        HasHeartbeat = false,
        WatchEvery = TimeSpan.FromDays(1),
    };

    private async Task<GatehouseProcess> ServeAsync()
    {
        var gatehouse = GatehouseProcess.Start(_folder.Path, Arguments);
        await gatehouse.LineAsync("is in force", Cancel);
        return gatehouse;
    }

    private async Task<HttpStatusCode> GetAsync()
    {
        using var response = await _client.GetAsync($"http://127.0.0.1:{_edge}/stock/1", Cancel);
        return response.StatusCode;
    }

    private Task<string> AdministrationAsync(string path) => _client.GetStringAsync($"http://127.0.0.1:{_administration}{path}", Cancel);

    /// <summary>A host's own policy that is declared rightly and cannot be compiled.</summary>
    private sealed class Fragile() : PolicyKind("fragile", "Throws while it is compiled.")
    {
        public override IReadOnlyList<PolicySetting> Settings => [];

        public override Policy Compile(PolicySettings settings, TimeProvider clock) => throw new InvalidOperationException("it does so on purpose");
    }
}
