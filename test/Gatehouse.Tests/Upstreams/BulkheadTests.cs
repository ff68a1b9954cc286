using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class BulkheadTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Bulkhead _bulkhead = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static BulkheadRule Two { get; } = new(2, 0, TimeSpan.Zero);

    private static BulkheadRule TwoAndAQueue { get; } = new(2, 2, TimeSpan.FromSeconds(3));

    [Control("RES-4")]
    [Fact]
    public void Takes_as_many_as_it_may_and_another_when_one_has_left()
    {
        Assert.True(_bulkhead.TryEnter(Two));
        Assert.True(_bulkhead.TryEnter(Two));
        Assert.False(_bulkhead.TryEnter(Two));
        Assert.Equal(2, _bulkhead.Inside);

        _bulkhead.Leave(Two);

        Assert.True(_bulkhead.TryEnter(Two));
    }

    [Fact]
    public async Task Who_waits_enters_in_its_turn_and_before_those_who_come_later()
    {
        Fill();
        var first = _bulkhead.EnterAsync(TwoAndAQueue, TwoAndAQueue.Wait, _clock, Cancel).AsTask();
        var second = _bulkhead.EnterAsync(TwoAndAQueue, TwoAndAQueue.Wait, _clock, Cancel).AsTask();
        Assert.False(await _bulkhead.EnterAsync(TwoAndAQueue, TwoAndAQueue.Wait, _clock, Cancel)); // no more may wait

        _bulkhead.Leave(TwoAndAQueue);
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        Assert.False(_bulkhead.TryEnter(TwoAndAQueue));
        _bulkhead.Leave(TwoAndAQueue);
        Assert.True(await second);
        Assert.Equal(2, _bulkhead.Inside);
    }

    [Fact]
    public async Task Who_waits_too_long_or_leaves_does_not_enter_and_holds_no_place()
    {
        Fill();
        using var leave = new CancellationTokenSource();
        var late = _bulkhead.EnterAsync(TwoAndAQueue, TwoAndAQueue.Wait, _clock, Cancel).AsTask();
        var gone = _bulkhead.EnterAsync(TwoAndAQueue, TwoAndAQueue.Wait, _clock, leave.Token).AsTask();

        await leave.CancelAsync();
        Assert.False(await gone);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await late);

        _bulkhead.Leave(TwoAndAQueue);
        Assert.True(_bulkhead.TryEnter(TwoAndAQueue));
        Assert.Equal(2, _bulkhead.Inside);
    }

    [Fact]
    public async Task Nobody_is_forgotten_and_never_are_there_too_many()
    {
        var rule = new BulkheadRule(3, 1000, TimeSpan.FromDays(1));
        var (inside, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 2000; i++)
            {
                if (!_bulkhead.TryEnter(rule)) Assert.True(await _bulkhead.EnterAsync(rule, rule.Wait, _clock, Cancel));
                var now = Interlocked.Increment(ref inside);
                if (now > Volatile.Read(ref most)) Volatile.Write(ref most, now);
                if (i % 3 == 0) await Task.Yield();
                Interlocked.Decrement(ref inside);
                _bulkhead.Leave(rule);
            }
        }, Cancel)));

        Assert.InRange(most, 1, 3);
        Assert.Equal(0, _bulkhead.Inside);
    }

    private void Fill()
    {
        Assert.True(_bulkhead.TryEnter(TwoAndAQueue));
        Assert.True(_bulkhead.TryEnter(TwoAndAQueue));
    }
}
