using System.Net.Sockets;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>The gateway as a library: <c>AddGatehouse</c> in a host of somebody else's.</summary>
public sealed class CarriedGatewayTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Serves_as_long_as_its_host_runs()
    {
        await using var upstream = (await FakeUpstream.StartAsync()).On("/things/1", 200, "one");
        using var host = HostOf(new SmallDeclaration(upstream.Address) { Drain = "announce: 0s, finish: 1s" });
        await host.StartAsync(Cancel);
        var address = host.Services.GetServices<IHostedService>().OfType<CarriedGateway>().Single().Running!.AddressOf("edge");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal("one", await client.GetStringAsync($"http://{address}/things/1", Cancel));

        await host.StopAsync(Cancel);
        var gone = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://{address}/things/1", Cancel));
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
        var gateway = host.Services.GetServices<IHostedService>().OfType<CarriedGateway>().Single().Running!;
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal("from the test environment", await client.GetStringAsync($"http://{gateway.AddressOf("edge")}/things/1", Cancel));

        _folder.Write("environments/test.yaml", "consumers: {}");
        Assert.Equal(Runtime.ActivationOutcome.Refused, (await gateway.ReloadAsync(Cancel)).Outcome); // it is watched, and judged like the rest
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

    private IHost HostOf(string declaration)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.AddGatehouse(_folder.Write("gatehouse.yaml", declaration));
        return builder.Build();
    }
}
