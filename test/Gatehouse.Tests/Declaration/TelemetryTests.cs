using Gatehouse.Configuration;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Declaration;

public sealed class TelemetryTests
{
    [Fact]
    public void Everything_that_is_declared_is_taken()
    {
        var telemetry = Read("right-telemetry").Telemetry;
        var collector = telemetry.Otlp!;
        Assert.Equal(OtlpSignals.Traces | OtlpSignals.Metrics | OtlpSignals.Logs, collector.Signals);
        Assert.Equal("https://collector.in.example:4318/", collector.Endpoint.AbsoluteUri);
        Assert.Equal((5, 30), (collector.Timeout.Seconds, collector.Every.Seconds));
        Assert.Equal(new TraceRules(0.005, true), telemetry.Traces);
        Assert.False(telemetry.HttpMetrics);
        Assert.Equal((10, 3, 20, 50, false), (telemetry.Security.Failures, telemetry.Security.Routes, telemetry.Security.Malformed,
            telemetry.Security.Limits, telemetry.Security.Networks));
    }

    [Fact]
    [Control("LOG-2", "header fields for a collector")]
    public void A_secret_for_the_collector_is_shown_nowhere()
    {
        var collector = Read("right-telemetry").Telemetry.Otlp!;
        var header = Assert.Single(collector.Headers);
        Assert.Equal("Authorization", header.ToString());
        Assert.DoesNotContain(header.Value, collector.ToString() + collector.Identity, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_it_nothing_is_sent_or_traced()
    {
        var telemetry = Read("right-smallest").Telemetry;
        Assert.Equal((null, null, true), (telemetry.Otlp, telemetry.Traces, telemetry.HttpMetrics));
    }

    [Fact]
    public void An_environment_says_where_the_collector_is_and_nothing_else()
    {
        const string file = "environments/test.yaml";
        var files = Golden.Read(Declarations.Folder, "right-telemetry").Files(Declarations.File);
        files[file] = "telemetry: { otlp: { endpoint: \"https://collector.test.example:4318\" } }\n";
        var collector = Declarations.Read(files, "test").Definition!.Telemetry.Otlp!;
        Assert.Equal(("collector.test.example", 30), (collector.Endpoint.Host, collector.Every.Seconds));
        files[file] = "telemetry: { traces: { sample: 100% }, otlp: { send: [logs] } }\n";
        Assert.Equal(["environments/test.yaml:1:14", "environments/test.yaml:1:48"],
            Declarations.Read(files, "test").Findings.Where(f => f.Rule == Rules.Environment).Select(f => f.Place.ToString()));
        files = Golden.Read(Declarations.Folder, "right-smallest").Files(Declarations.File);
        files[file] = "telemetry: { otlp: { endpoint: \"https://collector.test.example:4318\" } }\n";
        Assert.Contains(Declarations.Read(files, "test").Findings, f => f.Message == "the declaration has no 'otlp' in 'telemetry'");
    }

    private static Gatehouse.Declaration.GatewayDefinition Read(string name) =>
        Declarations.Read(Golden.Read(Declarations.Folder, name).Files(Declarations.File)).Definition!;
}
