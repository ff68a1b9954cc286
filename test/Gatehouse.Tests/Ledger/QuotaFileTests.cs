using System.Text;
using Gatehouse.Ledger;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Gatehouse.Tests.Ledger;

public sealed class QuotaFileTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly TestFolder _folder = new();

    private string Path => _folder.Of("quotas.db");

    public void Dispose() => _folder.Dispose();

    private static Grant Take(
        QuotaFile file, string who, long want, long period = 10, long? latest = null, long allow = 100, DateTimeOffset? ends = null)
    {
        file.Begin();
        var grant = file.Take(new LedgerQuestion("orders day", who, period, latest ?? period, want, allow) { Ends = ends ?? Now });
        file.Commit();
        return grant;
    }

    [Fact]
    [Control("RTE-6")]
    public void Reserves_never_more_than_is_left_and_takes_back_what_was_not_spent()
    {
        using (var file = QuotaFile.Open(Path))
        {
            Assert.Equal(new Grant(10, 60, 60), Take(file, "shop", 60));
            Assert.Equal(new Grant(10, 100, 40), Take(file, "shop", 60));
            Assert.Equal(new Grant(10, 100, 0), Take(file, "shop", 60));
            Assert.Equal(new Grant(10, 5, 5), Take(file, "app", 5));
            Assert.Equal(70, Take(file, "shop", -30).Spent);
            Assert.Equal(0, Take(file, "app", -30).Spent);
        }

        using var again = QuotaFile.Open(Path);
        Assert.Equal(new Grant(10, 71, 1), Take(again, "shop", 1));
    }

    [Fact]
    [Control("RTE-9")]
    public void Counts_on_when_the_clock_has_gone_back()
    {
        using var file = QuotaFile.Open(Path);
        Take(file, "shop", 30, period: 10);
        Assert.Equal(20, Take(file, "shop", 20, period: 15).Spent); // the clock was ahead
        Assert.Equal(51, Take(file, "shop", 1, period: 10).Spent);
        Assert.Equal(new Grant(11, 1, 1), Take(file, "shop", 1, period: 11)); // nobody is kept out until 15 has come
        Assert.Equal(new Grant(11, 2, 1), Take(file, "shop", 1, period: 10, latest: 11)); // a small step back leaves the period begun
    }

    [Fact]
    public void Takes_nothing_back_of_a_period_that_is_over()
    {
        using var file = QuotaFile.Open(Path);
        Take(file, "shop", 30, period: 10);
        Take(file, "shop", 5, period: 11);
        Take(file, "shop", -30, period: 10);
        Assert.Equal(5, Take(file, "shop", 0, period: 11).Spent);
    }

    [Fact]
    [Control("RTE-10")]
    public void Gives_one_row_to_all_for_whom_there_is_no_place()
    {
        using var file = QuotaFile.Open(Path, mostRows: 2);
        Assert.Equal(100, Take(file, "one", 100).Units);
        Assert.Equal(100, Take(file, "two", 100).Units);
        Assert.Equal(60, Take(file, "three", 60).Units);
        Assert.Equal(40, Take(file, "four", 60).Units);
        Assert.Equal(0, Take(file, "five", 60).Units);
    }

    [Fact]
    public void Forgets_periods_that_are_long_over_when_there_is_no_place()
    {
        using var file = QuotaFile.Open(Path, mostRows: 2);
        Take(file, "one", 30);
        Take(file, "two", 30, period: 80, ends: Now.AddDays(70));
        Assert.Equal(30, Take(file, "one", 0).Spent); // there is no need to forget it
        Assert.Equal(100, Take(file, "three", 100, period: 110, ends: Now.AddDays(100)).Units);
        Assert.Equal(30, Take(file, "two", 0, period: 80, ends: Now.AddDays(70)).Spent);
        Assert.Equal(50, Take(file, "four", 50, period: 110, ends: Now.AddDays(100)).Units);
        Assert.Equal(50, Take(file, "five", 60, period: 110, ends: Now.AddDays(100)).Units); // they share
    }

    [Fact]
    [Control("RTE-6", "what a shared store has said, remembered")]
    public void Remembers_what_was_said_of_a_caller_in_its_period()
    {
        using (var file = QuotaFile.Open(Path, mostRows: 2))
        {
            Remember(file, "one", new Grant(10, 30, 5) { Life = 7, Turn = 3 });
            Remember(file, "one", new Grant(10, 31, 1) { Life = 7, Turn = 4 });
            Remember(file, "two", new Grant(10, 40, 1) { Life = 8, Turn = 1 });
            Remember(file, "three", new Grant(10, 1, 1) { Life = 9, Turn = 1 }); // there is no place
            Assert.Equal(60, Take(file, "one", 60).Spent); // what this instance counts by itself is something else
        }

        using var again = QuotaFile.Open(Path, mostRows: 2);
        Assert.Equal(new Grant(10, 31, 0) { Life = 7, Turn = 4 }, Recall(again, "one"));
        Assert.Equal(new Grant(10, 31, 0) { Life = 7, Turn = 4 }, Recall(again, "one", period: 9, latest: 10));
        Assert.Null(Recall(again, "one", period: 11));
        Assert.Equal(40, Recall(again, "two")!.Value.Spent);
        Assert.Null(Recall(again, "three"));
        Remember(again, "three", new Grant(110, 2, 1) { Life = 9, Turn = 2 }, Now.AddDays(100)); // now the others are long over
        Assert.Null(Recall(again, "one"));
        Assert.Equal(2, Recall(again, "three", period: 110)!.Value.Spent);
    }

    private static void Remember(QuotaFile file, string who, Grant grant, DateTimeOffset? ends = null)
    {
        file.Begin();
        file.Remember(new LedgerQuestion("orders day", who, grant.Period, grant.Period, 0, 100) { Ends = ends ?? Now }, grant);
        file.Commit();
    }

    private static Grant? Recall(QuotaFile file, string who, long period = 10, long? latest = null)
    {
        file.Begin();
        var grant = file.Recall(new LedgerQuestion("orders day", who, period, latest ?? period, 1, 100));
        file.Commit();
        return grant;
    }

    [Fact]
    [Control("LOG-2", "the file of quotas")]
    public void Has_no_caller_in_it()
    {
        using (var file = QuotaFile.Open(Path))
        {
            Take(file, "Consumer secret-partner", 30);
            Remember(file, "Consumer secret-partner", new Grant(10, 30, 5) { Life = 7, Turn = 3 });
        }

        Assert.DoesNotContain("secret-partner", Encoding.Latin1.GetString(File.ReadAllBytes(Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Is_not_taken_for_what_it_is_not()
    {
        File.WriteAllText(Path, new string('x', 5000));
        Assert.Throws<SqliteException>(() => QuotaFile.Open(Path));
        File.Delete(Path);
        QuotaFile.Open(Path).Dispose();
        using (var other = new SqliteConnection($"Data Source={Path};Pooling=false"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "PRAGMA user_version = 7";
            command.ExecuteNonQuery();
        }

        Assert.Throws<InvalidDataException>(() => QuotaFile.Open(Path));
    }
}
