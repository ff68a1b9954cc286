using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>The first sample: its declaration is sound, and its calls are answered as they say.</summary>
public sealed class FirstRouteTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_declaration_has_no_findings()
    {
        var check = await GatehouseProcess.RunAsync(Sample(), Cancelled, "check", "--output", "json");

        Assert.Equal("[]", check.Output.Trim());
        Assert.Equal(0, check.ExitCode);
    }

    [Fact]
    public async Task The_calls_are_answered_as_they_say()
    {
        await using var stock = await RetailerService.StartStockAsync("stock", Cancelled);
        var (edge, administration) = (Declarations.FreePort(), Declarations.FreePort());
        _folder.Write("gatehouse.yaml", (await File.ReadAllTextAsync(Path.Combine(Sample(), "gatehouse.yaml"), Cancelled))
            .Replace(":8080", $":{edge}", StringComparison.Ordinal)
            .Replace(":9900", $":{administration}", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:5101", stock.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancelled);

        await SampleCalls.ReplayAsync(Sample(), edge, Cancelled);
    }

    private static string Sample() => SampleCalls.Folder("first-route");
}
