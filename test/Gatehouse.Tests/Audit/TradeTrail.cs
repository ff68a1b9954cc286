using Gatehouse.Audit;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Gatehouse.Tests.Cli;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Audit;

/// <summary>A trail with a day of trade in it, and the command line beside it.</summary>
internal sealed class TradeTrail : IDisposable
{
    private readonly TestFolder _folder = new();

    private TradeTrail() => InvestigationKey = $"file:{_folder.WriteSecret("investigation", DayOfTrade.Secret)}";

    public TestTrail Trail { get; } = new();

    public string InvestigationKey { get; }

    /// <summary>That of the command line.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public IReadOnlyList<AuditRecord> Written { get; private set; } = [];

    public string WriteSecret(string name, string text) => _folder.WriteSecret(name, text);

    /// <summary>Where there is nothing yet.</summary>
    public string NewFile(string name) => _folder.Of(name);

    /// <summary>The private key that signs, for the command line.</summary>
    public string SigningKey => $"file:{Trail.PrivateKey}";

    /// <param name="then">Further records behind those of the day.</param>
    public static async Task<TradeTrail> WriteAsync(int exchanges, params AuditRecord[] then)
    {
        var trade = new TradeTrail { Written = [.. DayOfTrade.Records(exchanges), .. then] };
        using var trail = await trade.Trail.BeginAsync(clock: new FakeTimeProvider(DayOfTrade.Begin)); // whatever day it is
        await TestTrail.PostAsync(trail, trade.Written);
        return trade;
    }

    public Task<Runs.Run> RunAsync(string command, params string[] more)
    {
        var gateway = new GatewayOptions { DeclarationPath = "gatehouse.yaml", Clock = Clock };
        return Runs.Async(AuditCommand.Create(gateway), ["audit", command, Trail.File, .. more]);
    }

    /// <summary>Verifies what there is, with the second place.</summary>
    public Task<Runs.Run> VerifyAsync() => RunAsync("verify", "--key", Trail.PublicKey, "--checkpoints", Trail.Copies);

    /// <summary>Searches, and gives what was found as CSV: a line each, behind the names of the columns.</summary>
    public async Task<List<Dictionary<string, string>>> SearchAsync(params string[] more)
    {
        var run = await RunAsync("search", ["--output", "json", "--limit", "100000", .. more]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = System.Text.Json.JsonDocument.Parse(run.Output);
        return [.. json.RootElement.EnumerateArray().Select(r => r.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString()))];
    }

    public void Dispose()
    {
        Trail.Dispose();
        _folder.Dispose();
    }
}
