using CsCheck;
using Gatehouse.Policies.Limits;
using Gatehouse.Stores;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>What one instance knows of a shared cell, and allows of it alone.</summary>
public sealed class SharedCellTests
{
    private static Answer Alone(SharedCell cell, long now, AloneRate rate, int cost = 1, long loss = 1) =>
        cell.Alone(cost, now, loss, rate, out _)!.Value;

    [Fact]
    [Control("RTE-5", "alone, all instances together")]
    public void Allows_alone_no_more_than_the_limit_in_all_instances_together() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 20], Gen.Long[0, 300].Array[1, 100]).Sample((allow, instances, pauses) =>
        {
            const long Interval = 100;
            var rate = AloneRate.Of(Interval, Interval * allow, allow, instances);
            var cells = Enumerable.Range(0, instances).Select(_ => new SharedCell([])).ToArray();
            var (now, passed) = (1000L, 0);
            foreach (var pause in pauses)
            {
                now += pause;
                foreach (var cell in cells)
                    while (!Alone(cell, now, rate).Refused) passed++;
            }

            // each may have one call at once, even where there are more instances than calls
            Assert.InRange(passed, 1, Math.Max(allow, instances) + (now - 1000) / Interval);
        });

    [Fact]
    public void Begins_alone_with_what_is_known_to_be_used()
    {
        var rate = AloneRate.Of(100, 100 * 30, 30, 3);
        var cell = new SharedCell([]);
        cell.Learn(1000 + 15 * 100); // half of the window
        var passed = 0;
        while (!Alone(cell, 1000, rate).Refused) passed++;
        Assert.Equal(5, passed); // half of its ten
    }

    [Fact]
    public void Refuses_alone_until_the_next_call_can_pass()
    {
        var rate = AloneRate.Of(100, 100 * 30, 30, 3);
        var cell = new SharedCell([]);
        Answer answer;
        while (!(answer = Alone(cell, 1000, rate)).Refused)
        {
        }

        Assert.True(Alone(cell, 1000 + answer.Retry - 1, rate).Refused);
        Assert.False(Alone(cell, 1000 + answer.Retry, rate).Refused);
    }

    [Fact]
    public void Lets_a_call_pass_alone_that_costs_more_than_its_share_when_nothing_else_does()
    {
        var rate = AloneRate.Of(100, 100 * 6, 6, 3);
        var cell = new SharedCell([]);
        Assert.False(Alone(cell, 1000, rate, cost: 5).Refused);
        Assert.True(Alone(cell, 1000, rate).Refused);
    }

    [Fact]
    public void Owes_the_store_what_was_allowed_alone_and_has_not_come_back()
    {
        var rate = AloneRate.Of(100, 100 * 30, 30, 3);
        var cell = new SharedCell([]);
        Alone(cell, 1000, rate);
        Alone(cell, 1000, rate);
        Assert.Equal((2, 200), cell.TakeOwed(1000, rate)); // two calls, at the shared rate
        Assert.Equal((0, 0), cell.TakeOwed(1000, rate));
        Assert.True(cell.RestoreOwed(2)); // the store did not hear it
        Assert.Equal((2, 100), cell.TakeOwed(1300, rate));
    }

    [Fact]
    public async Task Holds_no_more_than_it_may_and_gives_each_leased_call_once()
    {
        var cell = new SharedCell([]);
        var (taken, given) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (n == 0 && cell.TryBeginRefill())
                {
                    var room = 10 - cell.Leased;
                    given += room;
                    cell.Put(room, 10);
                    cell.EndRefill();
                }
                else if (n > 0 && cell.TryTake(1))
                {
                    Interlocked.Increment(ref taken);
                }

                Assert.InRange(cell.Leased, 0, 10);
            }
        })));
        Assert.Equal(given, taken + cell.Leased);
    }

    [Fact]
    [Control("RTE-10", "callers of a shared limit, here and so in the store")]
    public void Gives_one_cell_to_all_for_whom_there_is_no_place()
    {
        var clock = new FakeTimeProvider();
        var cells = new SharedCells("a limit", new StoreKeys("shop/test", null), new CellBudget(), clock, most: 3);
        var found = Enumerable.Range(0, 1000).Select(Use).ToList();
        Assert.Equal((3, 4), (cells.Count, found.Distinct().Count()));
        Assert.Equal(4, found.Select(c => Convert.ToHexString(c.Key)).Distinct().Count());

        clock.Advance(TimeSpan.FromMinutes(1)); // nothing is used: they make place
        Assert.NotSame(found[^1], Find(999));
        Assert.Equal(1, cells.Count);

        SharedCell Use(int caller)
        {
            var cell = Find(caller);
            cell.Learn(clock.GetTimestamp() + clock.TimestampFrequency);
            return cell;
        }

        SharedCell Find(int caller) => cells.Find(new PartitionKey(null, (ulong)caller, PartitionKind.IPv4), clock.GetTimestamp());
    }

    [Fact]
    public void Goes_only_when_nothing_of_it_is_used()
    {
        var rate = AloneRate.Of(100, 100 * 30, 30, 3);
        var cell = new SharedCell([]);
        cell.Learn(2000);
        Alone(cell, 1000, rate);
        Assert.False(cell.TryRetire(1999));
        Assert.True(cell.TryRetire(4000));
        Assert.Null(cell.Alone(1, 4000, 1, rate, out _));
    }
}
