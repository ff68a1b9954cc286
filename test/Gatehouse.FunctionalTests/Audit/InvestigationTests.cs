using System.Globalization;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Audit;

/// <summary>A day of a retailer's exchanges, and who touched one customer's orders: answered by the command line, in seconds.</summary>
public sealed class InvestigationTests : IDisposable
{
    private const int Exchanges = 100_000;

    /// <summary>What a person still waits for, on a machine that others use too.</summary>
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(20);

    private readonly TestTrail _trail = new();
    private readonly TestFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _trail.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Who_touched_the_orders_of_customer_17_through_what_for_whom_and_what_was_refused()
    {
        var written = await WriteAsync();
        var key = $"file:{_folder.WriteSecret("investigation", DayOfTrade.Secret)}";
        var about = written.Where(r => r.About.Contains(DayOfTrade.About(17))).ToList();
        string[] question = ["--about", "customer:17", "--investigation-key", key, "--by", "inspector", "--reason", "case 4711"];

        var touched = await AskAsync([.. question, "--kind", "exchange,intent,refusal"]);
        var byAssistant = await AskAsync([.. question, "--consumer", "care-assistant", "--kind", "exchange,intent"]);
        var byAnna = await AskAsync([.. question, "--person", "staff:anna", "--kind", "exchange,intent"]);
        var refused = await AskAsync([.. question, "--decision", "refused"]);

        Assert.Equal(about.Count, touched.Count);
        Assert.Equal(about.Count(r => r.Consumer == "care-assistant"), byAssistant.Count);
        Assert.All(byAssistant, r => Assert.Equal("assistant", r.GetProperty("consumerKind").GetString()));
        Assert.Equal(about.Count(r => r.Person == DayOfTrade.Person("staff:anna")), byAnna.Count);
        Assert.All(byAnna, r => Assert.Equal("staff:anna", r.GetProperty("person").GetString()));
        Assert.Equal(
            about.Where(r => r.Decision == AuditDecision.Refused).Select(r => r.Problem),
            refused.Select(r => r.GetProperty("problem").GetString()));
        var verified = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "audit", "verify", _trail.File, "--key", _trail.PublicKey);
        Assert.True(verified.ExitCode == ExitCode.Done, verified.Output);
    }

    private async Task<List<AuditRecord>> WriteAsync()
    {
        using var trail = await _trail.BeginAsync();
        var written = DayOfTrade.Records(Exchanges).ToList();
        await TestTrail.PostAsync(trail, written);
        return written;
    }

    private async Task<List<JsonElement>> AskAsync(string[] question)
    {
        var since = TimeProvider.System.GetTimestamp();
        var run = await GatehouseProcess.RunAsync(_folder.Path, Cancel, ["audit", "search", _trail.File, "--output", "json", .. question]);
        var took = TimeProvider.System.GetElapsedTime(since);
        var said = string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0.00} s: {string.Join(' ', question)}");
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
        Assert.True(took < Seconds, $"it took {took}");
        using var json = JsonDocument.Parse(run.Output);
        return [.. json.RootElement.EnumerateArray().Select(r => r.Clone())];
    }
}
