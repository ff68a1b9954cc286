using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;
using Retailer.Backends;

namespace Gatehouse.FunctionalTests.Samples;

/// <summary>The samples that need nothing but the executable: their declarations are sound, and their calls are answered as they say.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("first-route")]
    [InlineData("contract-first")]
    [InlineData("limits")]
    public async Task The_declaration_has_no_findings(string sample)
    {
        var check = await GatehouseProcess.RunAsync(SampleCalls.Folder(sample), Cancelled, "check", "--output", "json");

        Assert.Equal("[]", check.Output.Trim());
        Assert.Equal(0, check.ExitCode);
    }

    [Theory]
    [InlineData("first-route")]
    [InlineData("contract-first")]
    [InlineData("limits")]
    public async Task The_calls_are_answered_as_they_say(string sample)
    {
        var folder = SampleCalls.Folder(sample);
        await using var stock = await RetailerService.StartStockAsync("stock", Cancelled);
        var (edge, administration) = (Declarations.FreePort(), Declarations.FreePort());
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories))
        {
            _folder.Write(Path.GetRelativePath(folder, file), (await File.ReadAllTextAsync(file, Cancelled))
                .Replace(":8080", $":{edge}", StringComparison.Ordinal)
                .Replace(":9900", $":{administration}", StringComparison.Ordinal)
                .Replace("http://127.0.0.1:5101", stock.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        }

        await using var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancelled);

        await SampleCalls.ReplayAsync(folder, edge, Cancelled);
    }
}
