using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Demo;

public sealed class DemoTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_answer_of_the_demo_is_as_its_calls_say()
    {
        var demo = await GatehouseProcess.RunAsync(_folder.Path, Cancelled, "demo", "--check");

        Assert.DoesNotContain("✗", demo.Output, StringComparison.Ordinal);
        Assert.Contains("every answer as expected", demo.Output, StringComparison.Ordinal);
        Assert.Equal(0, demo.ExitCode);
    }

    [Fact]
    public async Task The_demo_prints_calls_to_copy_and_stops_when_asked()
    {
        await using var demo = GatehouseProcess.Start(_folder.Path, "demo");
        await demo.LineAsync("Ctrl-C", Cancelled);

        await demo.SignalAsync("INT", Cancelled);
        var finished = await demo.FinishAsync(Cancelled);

        Assert.Contains("curl -si ", finished.Output, StringComparison.Ordinal);
        Assert.Equal(0, finished.ExitCode);
    }
}
