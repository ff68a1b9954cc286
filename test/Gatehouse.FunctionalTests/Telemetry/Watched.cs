using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>A gateway with a service behind it and a collector beside it.</summary>
internal sealed class Watched : IAsyncDisposable
{
    private Watched(FakeUpstream upstream, FakeCollector collector, TestGateway gateway) =>
        (Upstream, Collector, Gateway) = (upstream, collector, gateway);

    public FakeUpstream Upstream { get; }

    public FakeCollector Collector { get; }

    public TestGateway Gateway { get; }

    /// <param name="telemetry">Keys of <c>telemetry</c> beside <c>otlp</c>; every exchange is traced, where traces are sent, unless given.</param>
    /// <param name="send">What is sent.</param>
    /// <param name="change">Changes the declaration.</param>
    public static async Task<Watched> StartAsync(
        string? telemetry = null,
        string send = "traces",
        Func<SmallDeclaration, SmallDeclaration>? change = null,
        string moreOfCollector = "",
        IReadOnlyDictionary<string, string>? files = null,
        FakeCollector? collector = null)
    {
        var upstream = await FakeUpstream.StartAsync();
        telemetry ??= send.Contains("traces", StringComparison.Ordinal) ? "traces: { sample: 100% }" : "httpMetrics: true";
        collector ??= await FakeCollector.StartAsync();
        var endpoint = collector.Address.GetLeftPart(UriPartial.Authority);
        var declaration = new SmallDeclaration(upstream.Address)
        {
            More = $$"""
                telemetry:
                  otlp: { endpoint: "{{endpoint}}", send: [{{send}}], timeout: 2s{{moreOfCollector}} }
                  {{telemetry}}
                """,
        };
        var gateway = await TestGateway.StartAsync(change is null ? declaration : change(declaration), files);
        return new Watched(upstream, collector, gateway);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Collector.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
