using System.Net.Sockets;
using Gatehouse.Cli;
using Gatehouse.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>The gateway as a library: <c>AddGatehouse</c> in a host of somebody else's.</summary>
public sealed class CarriedGatewayTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly TaskCompletionSource _release = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Serves_as_long_as_its_host_runs()
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/1", 200, "one");
        using var host = HostOf(new SmallDeclaration(upstream.Address) { Drain = "announce: 0s, finish: 1s" });
        await host.StartAsync(Cancel);
        var one = PathOf(host, "/things/1");
        Assert.Equal("one", await _client.GetStringAsync(one, Cancel));

        await host.StopAsync(Cancel);
        var gone = await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync(one, Cancel));
        Assert.IsType<SocketException>(gone.InnerException);
    }

    [Fact]
    public async Task Serves_in_the_environment_that_its_host_names()
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/1", 200, "from the test environment");
        Directory.CreateDirectory(_folder.Of("environments"));
        _folder.Write("environments/test.yaml",
            $"upstreams: {{ things: {{ destinations: [\"{upstream.Address.GetLeftPart(UriPartial.Authority)}\"] }} }}");
        using var host = HostOf(new SmallDeclaration(new Uri("http://127.0.0.1:1")) { Drain = "announce: 0s, finish: 1s" });
        host.Services.GetRequiredService<GatewayOptions>().Environment = "test"; // as the host's command line does
        await host.StartAsync(Cancel);
        Assert.Equal("from the test environment", await _client.GetStringAsync(PathOf(host, "/things/1"), Cancel));

        _folder.Write("environments/test.yaml", "consumers: {}");
        Assert.Equal(ActivationOutcome.Refused, (await GatewayOf(host).ReloadAsync(Cancel)).Outcome); // it is watched, and judged like the rest
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Keeps_its_host_from_starting_and_says_everything_that_is_wrong()
    {
        var wrong = new SmallDeclaration(new Uri("http://127.0.0.1:1")).ToString()
            .Replace("effect: read", "efect: read", StringComparison.Ordinal)
            .Replace("purpose:", "porpuse:", StringComparison.Ordinal);
        using var host = HostOf(wrong);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Cancel));
        Assert.Contains("did you mean 'effect'?", refused.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'purpose'?", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AVL-2", "a host that gives less time")]
    public async Task What_is_in_flight_has_the_time_that_is_declared_however_little_its_host_gives()
    {
        await using var upstream = await SlowUpstreamAsync();
        using var host = HostOf(new SmallDeclaration(upstream.Address), shutdown: TimeSpan.FromSeconds(1));
        await host.StartAsync(Cancel);
        var slow = _client.GetStringAsync(PathOf(host, "/things/slow"), Cancel);
        await upstream.NextAsync(Cancel);

        using var threeSeconds = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        var stopping = host.StopAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => Task.FromResult(threeSeconds.IsCancellationRequested || slow.IsCompleted), Cancel);
        Assert.False(stopping.IsCompleted);
        _release.SetResult();
        Assert.Equal("done", await slow);
        await stopping;
    }

    [Fact]
    public async Task Its_host_gives_as_much_time_as_was_declared_last_and_its_own()
    {
        var declaration = new SmallDeclaration(new Uri("http://127.0.0.1:1"));
        using var host = HostOf(declaration, shutdown: TimeSpan.FromSeconds(7));
        await host.StartAsync(Cancel);
        var given = host.Services.GetRequiredService<IOptions<HostOptions>>().Value;
        Assert.InRange(given.ShutdownTimeout.TotalSeconds, 17, 30);
        foreach (var (announce, finish) in ((int, int)[])[(20, 600), (0, 10)])
        {
            _folder.Write("gatehouse.yaml", declaration with { Drain = $"announce: {announce}s, finish: {finish}s" });
            Assert.Equal(ActivationOutcome.Activated, (await GatewayOf(host).ReloadAsync(Cancel)).Outcome);
            Assert.InRange(given.ShutdownTimeout.TotalSeconds, announce + finish + 7, announce + finish + 20);
        }

        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_host_that_is_told_to_hurry_does_not_wait()
    {
        await using var upstream = await SlowUpstreamAsync();
        using var host = HostOf(new SmallDeclaration(upstream.Address));
        await host.StartAsync(Cancel);
        var slow = _client.GetStringAsync(PathOf(host, "/things/slow"), Cancel);
        await upstream.NextAsync(Cancel);
        using var hurry = new CancellationTokenSource();
        var stopping = host.StopAsync(hurry.Token);
        await hurry.CancelAsync();
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => slow);
    }

    [Fact]
    [Control("AVL-4", "no longer than its age")]
    public async Task A_last_good_declaration_that_is_too_old_ends_with_its_host_when_what_is_in_flight_has_finished()
    {
        await using var upstream = await SlowUpstreamAsync();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var before = Environment.ExitCode;
        try
        {
            using (var first = HostOf(new SmallDeclaration(upstream.Address), clock)) // which keeps it
            {
                var keeping = RunAsync(first);
                await Eventually.HoldsAsync(() => Task.FromResult(LifetimeOf(first).ApplicationStarted.IsCancellationRequested), Cancel);
                LifetimeOf(first).StopApplication();
                Assert.Equal(0, await keeping.WaitAsync(Patience.Limit, Cancel));
            }

            using var host = HostOf("nonsense", clock);
            var running = RunAsync(host);
            var lifetime = LifetimeOf(host);
            await Eventually.HoldsAsync(() => Task.FromResult(lifetime.ApplicationStarted.IsCancellationRequested), Cancel);
            var address = PathOf(host, "");
            clock.Advance(TimeSpan.FromMinutes(60) - TimeSpan.FromSeconds(1));
            var slow = _client.GetStringAsync(address + "/things/slow", Cancel);
            await upstream.NextAsync(Cancel);
            clock.Advance(TimeSpan.FromSeconds(1));
            await Eventually.HoldsAsync(() => Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested), Cancel);
            await Eventually.HoldsAsync(() => IsRefusedAsync(address + "/things/1"), Cancel);
            Assert.False(running.IsCompleted);
            _release.SetResult();
            Assert.Equal("done", await slow);
            Assert.Equal(1, await running.WaitAsync(Patience.Limit, Cancel));
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    private static RunningGateway GatewayOf(IHost host) => host.Services.GetServices<IHostedService>().OfType<CarriedGateway>().Single().Running!;

    private static string PathOf(IHost host, string path) => $"http://{GatewayOf(host).AddressOf("edge")}{path}";

    private static IHostApplicationLifetime LifetimeOf(IHost host) => host.Services.GetRequiredService<IHostApplicationLifetime>();

    /// <summary>By the host's command line.</summary>
    private Task<int> RunAsync(IHost host)
    {
        var key = _folder.WriteSecret("last-good.key", new string('k', 44));
        return host.RunGatehouseAsync(["run", "--last-good", _folder.Of("last-good"), "--last-good-key", "file:" + key]);
    }

    private async Task<bool> IsRefusedAsync(string address)
    {
        try
        {
            await _client.GetStringAsync(address, Cancel);
            return false;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }

    private async Task<FakeUpstream> SlowUpstreamAsync() => (await FakeUpstream.StartAsync()).On("/things/slow", async http =>
    {
        await _release.Task.WaitAsync(http.RequestAborted);
        await http.Response.WriteAsync("done");
    });

    private IHost HostOf(string declaration, TimeProvider? clock = null, TimeSpan? shutdown = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        if (shutdown is { } given) builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = given);
        var path = _folder.Write("gatehouse.yaml", declaration);
        var options = new GatewayOptions { DeclarationPath = path, HasHeartbeat = false, WatchEvery = TimeSpan.FromDays(1) };
        if (clock is null) builder.AddGatehouse(path);
        else builder.Carry(options with { Clock = clock });
        return builder.Build();
    }
}
