using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed class CellTableTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Rate _rate;

    public CellTableTests() => _rate = new Rate(2, TimeSpan.FromMinutes(1), _clock.TimestampFrequency);

    private static PartitionKey Address(int n) => new(null, (ulong)n, PartitionKind.IPv4);

    private bool Allows(CellTable table, int address)
    {
        var now = _clock.GetTimestamp();
        Answer answer;
        while (!_rate.TryCharge(table.Find(Address(address), now), now, out answer))
        {
        }

        return !answer.Refused;
    }

    [Fact]
    [Control("AVL-6", "callers who come once")]
    public void Callers_who_came_once_are_dropped_long_before_there_is_no_place()
    {
        var table = new CellTable(new CellBudget(), _clock);
        for (var i = 0; i < 3000; i++) // two new ones a second, whose calls come back within a minute
        {
            if (i % 2 == 0) _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(Allows(table, i));
            Assert.InRange(table.Count, 1, 4 * CellTable.SecondsBetween + 4);
        }
    }

    [Fact]
    [Control("RTE-10")]
    public void Holds_no_more_cells_than_it_may_for_a_million_callers()
    {
        var table = new CellTable(new CellBudget(), _clock);
        for (var i = 0; i < 1_000_000; i++) Allows(table, i);
        Assert.Equal(CellTable.Most, table.Count);
    }

    [Fact]
    [Control("RTE-10")]
    public void Limits_together_those_for_whom_there_is_no_place()
    {
        var table = new CellTable(new CellBudget(), _clock, most: 3);
        for (var i = 0; i < 3; i++) Assert.True(Allows(table, i));
        Assert.True(Allows(table, 10));
        Assert.True(Allows(table, 11));
        Assert.False(Allows(table, 12)); // three new callers share two calls
        Assert.True(Allows(table, 0));   // who has a cell keeps it
    }

    [Fact]
    public void Makes_place_when_what_was_used_has_come_back()
    {
        var table = new CellTable(new CellBudget(), _clock, most: 3);
        for (var i = 0; i < 4; i++) Allows(table, i);
        _clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 20; i < 23; i++)
        {
            Assert.True(Allows(table, i));
            Assert.True(Allows(table, i));
            Assert.False(Allows(table, i));
        }

        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void Shares_the_budget_of_the_process_and_gives_it_back()
    {
        var budget = new CellBudget(4);
        var one = new CellTable(budget, _clock);
        var other = new CellTable(budget, _clock);
        for (var i = 0; i < 3; i++) Allows(one, i);
        for (var i = 0; i < 3; i++) Allows(other, i);
        Assert.Equal((3, 1), (one.Count, other.Count));
        one.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(2));
        for (var i = 10; i < 13; i++) Allows(other, i);
        Assert.Equal((0, 4), (one.Count, other.Count));
    }

    [Fact]
    public async Task Counts_exactly_while_cells_are_swept_and_made()
    {
        var table = new CellTable(new CellBudget(), _clock, most: 4);
        var allowed = new int[8];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 4000; i++)
                if (Allows(table, i % 8)) Interlocked.Increment(ref allowed[i % 8]);
        })));
        Assert.Equal(10, allowed.Sum()); // four callers of their own and all the others together, two calls each
        Assert.Equal(4, table.Count);
    }
}
