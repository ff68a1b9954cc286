using System.Text;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Telemetry;

/// <summary>The guide's rules for alarms, as Prometheus reads them: when they sound, and when they do not.</summary>
public sealed class AlertRuleTests : IDisposable
{
    private const string Dropped = "gatehouse_accesslog_dropped_total";
    private const string Lost = "gatehouse_telemetry_lost_total{signal='logs',reason='full'";
    private const string Refused = "gatehouse_refusals_total{policy='access',problem=";
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Promtool_takes_the_rules_of_the_guide()
    {
        await WriteRulesAsync();
        await PromtoolAsync("check", "rules", "rules.yml");
    }

    /// <summary>One value a minute, as Prometheus writes series in tests: <c>0x9</c> is ten times 0, <c>_</c> is none.</summary>
    [Theory]
    [InlineData("RecordLost", true, Dropped + "{instance='a'} 0x9 5x10")] // without a collector
    [InlineData("RecordLost", true, Dropped + "{instance='a'} 0x20", Dropped + "{instance='b'} 0x9 5x10")] // one of several
    [InlineData("RecordLost", true, Dropped + "{instance='a'} 0x20", Dropped + "{instance='b'} 0x20", Lost + ",instance='b'} 0x9 5x10")]
    [InlineData("RecordLost", false, Dropped + "{instance='a'} 7x20", Dropped + "{instance='b'} 7x20", Lost + ",instance='b'} 7x20")]
    [InlineData("RecordLost", false, Dropped + "{instance='a'} 0x20", "gatehouse_telemetry_lost_total{signal='metrics',reason='stale'} 0x9 5x10")]
    [InlineData("GatewayErrors", true, Refused + "'internal-error'} _x9 1x10")] // the first there ever was
    [InlineData("GatewayErrors", true, Refused + "'internal-error'} 1x9 2x10")]
    [InlineData("GatewayErrors", false, Refused + "'internal-error'} _x3 1x20")] // long ago
    [InlineData("GatewayErrors", false, Refused + "'not-found'} _x9 1x10")]
    [InlineData("Guessing", true, "gatehouse_security_events_total{event='credential-failures'} 0x9 1x10")]
    [InlineData("Guessing", false, "gatehouse_security_events_total{event='credential-failures'} 0x20")]
    [InlineData("Shedding", true, "gatehouse_overload_shed_total{priority='low'} 0x9 1x10")]
    public async Task An_alarm_sounds_when_it_should_and_not_else(string alarm, bool sounds, params string[] series)
    {
        await WriteRulesAsync();
        var test = new StringBuilder("rule_files: [rules.yml]\ntests:\n  - interval: 1m\n    input_series:\n");
        foreach (var one in series)
        {
            var values = one.LastIndexOf('}') + 1;
            test.Append($"      - {{ series: \"{one[..values]}\", values: \"{one[values..]}\" }}\n");
        }

        test.Append($"    alert_rule_test: [ {{ eval_time: 12m, alertname: {alarm}, exp_alerts: [{(sounds ? " { exp_labels: {} } " : "")}] }} ]\n");
        await File.WriteAllTextAsync(_folder.Of("test.yml"), test.ToString(), Cancel);
        await PromtoolAsync("test", "rules", "test.yml");
    }

    private async Task WriteRulesAsync()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Golden.Repository, "docs", "guide", "observing.md"), Cancel);
        var from = guide.IndexOf("groups:", StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder.Of("rules.yml"), guide[from..guide.IndexOf("```", from, StringComparison.Ordinal)], Cancel);
    }

    private async Task PromtoolAsync(params string[] arguments)
    {
        Assert.SkipUnless(PrometheusTests.IsThere("promtool"), "promtool is not installed: run './build test'");
        await using var promtool = GatehouseProcess.StartProgram("promtool", [], _folder.Path, arguments);
        var finished = await promtool.FinishAsync(Cancel);
        Assert.True(finished.ExitCode == 0, finished.Output + finished.Error);
    }
}
