using Gatehouse.Ledger;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Gatehouse.Tests.Ledger;

public sealed class QuotaLedgerTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StringWriter _told = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Path => _folder.Of("quotas.db");

    public void Dispose() => _folder.Dispose();

    private QuotaLedger Open() => new(Path, new EventWriter(TextWriter.Synchronized(_told), TimeProvider.System));

    private static Task<Grant?> AskAsync(QuotaLedger ledger, string who, long want)
    {
        var answer = new TaskCompletionSource<Grant?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var question = new LedgerQuestion("orders day", who, 10, 10, want, 1_000_000) { Ends = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        ledger.Ask(question, answer.SetResult);
        return answer.Task;
    }

    [Fact]
    public async Task Answers_everybody_who_asks_at_once()
    {
        using var ledger = Open();
        string[] who = ["shop", "app"];
        var grants = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(() => AskAsync(ledger, who[i % 2], 3), Cancel)));
        Assert.All(grants, g => Assert.Equal(3, g!.Value.Units));
        Assert.Equal(750, grants.Where((_, i) => i % 2 == 0).Max(g => g!.Value.Spent));
    }

    [Fact]
    [Control("AVL-3", "quota store")]
    public async Task Answers_with_nothing_while_somebody_else_keeps_the_file_and_recovers()
    {
        using var ledger = Open();
        Assert.Equal(5, (await AskAsync(ledger, "shop", 5))!.Value.Spent);
        using (var other = new SqliteConnection($"Data Source={Path};Pooling=false"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            Assert.Null(await AskAsync(ledger, "shop", 5));
            Assert.True(ledger.IsFailing);
            Assert.Null(await AskAsync(ledger, "shop", 5)); // at once: nobody waits for a file that is lost
            command.CommandText = "ROLLBACK";
            command.ExecuteNonQuery();
        }

        await Eventually.HoldsAsync(() => Task.FromResult(!ledger.IsFailing), Cancel);
        Assert.Equal(10, (await AskAsync(ledger, "shop", 5))!.Value.Spent); // what was not answered was not spent
        Assert.Contains("cannot be kept", _told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writes_what_it_was_given_before_it_ends_and_takes_nothing_after()
    {
        var ledger = Open();
        await AskAsync(ledger, "shop", 100);
        ledger.Return(new LedgerQuestion("orders day", "shop", 10, 10, -40, 0));
        ledger.Dispose();
        Assert.Null(await AskAsync(ledger, "shop", 1));
        using var again = Open();
        Assert.Equal(61, (await AskAsync(again, "shop", 1))!.Value.Spent);
        Assert.False(File.Exists(Path + "-journal"));
    }

    [Fact]
    public async Task Shares_the_file_with_the_instance_that_takes_over()
    {
        using var old = Open();
        using var young = Open();
        Assert.Equal(5, (await AskAsync(old, "shop", 5))!.Value.Spent);
        Assert.Equal(8, (await AskAsync(young, "shop", 3))!.Value.Spent);
        Assert.Equal(9, (await AskAsync(old, "shop", 1))!.Value.Spent);
    }
}
