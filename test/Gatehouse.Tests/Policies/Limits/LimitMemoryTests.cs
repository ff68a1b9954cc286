using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>A million callers, and what they leave in memory: of the whole process, so that no other test runs beside.</summary>
[CollectionDefinition(nameof(LimitMemoryTests), DisableParallelization = true)]
[Collection(nameof(LimitMemoryTests))]
public sealed class LimitMemoryTests
{
    private const int Callers = 1_000_000;
    private const long Most = 400L * CellTable.Most; // bytes: two places of the budget, and some

    [Theory]
    [Control("RTE-10")]
    [InlineData("even")]
    [InlineData("sliding")]
    [InlineData("atOnce")]
    [InlineData("quota")]
    public void Holds_a_bounded_number_of_bytes_for_a_million_callers(string form)
    {
        var clock = new FakeTimeProvider();
        var book = new QuotaBook(null, "quota", LimitForm.Day, clock);
        Func<PartitionKey, Cell>? make = form switch
        {
            "sliding" => static _ => new SlidingCell(),
            "atOnce" => static _ => new AtOnceCell(),
            "quota" => key => new QuotaCell(book, key),
            _ => null,
        };
        var table = new CellTable(new CellBudget(), clock, CellTable.Most, make);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Callers; i++)
        {
            var cell = table.Find(new PartitionKey(null, (ulong)i, PartitionKind.IPv4), clock.GetTimestamp());
            cell.Replace(cell.Time, long.MaxValue); // in use, so that none of them can be dropped
        }

        Assert.Equal(CellTable.Most, table.Count);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, Most);
        GC.KeepAlive(table);
    }

    [Fact]
    [Control("RTE-10")]
    public void Takes_more_of_the_budget_for_what_is_larger()
    {
        var budget = new CellBudget(5);
        var table = new CellTable(budget, new FakeTimeProvider(), CellTable.Most, static _ => new SlidingCell(), places: 2);
        for (var i = 1; i <= 5; i++) table.Find(new PartitionKey(null, (ulong)i, PartitionKind.IPv4), 1);
        Assert.Equal(2, table.Count);
        table.Dispose();
        Assert.True(budget.TryTake(5));
    }

    [Fact]
    public void Shares_the_places_of_a_caller_for_whom_there_is_no_cell()
    {
        var table = new CellTable(new CellBudget(1), new FakeTimeProvider(), CellTable.Most, static _ => new AtOnceCell());
        Assert.True(Enters(1));
        Assert.True(Enters(2));
        Assert.False(Enters(3)); // the second and the third have one place together
        Assert.False(Enters(1));

        bool Enters(ulong who)
        {
            var cell = (AtOnceCell)table.Find(new PartitionKey(null, who, PartitionKind.IPv4), 1);
            Assert.True(cell.TryEnter(1, out var entered, out _));
            return entered;
        }
    }
}
