using CsCheck;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed class RateTests
{
    private const long Second = TimeSpan.TicksPerSecond;

    /// <summary>A bucket of <c>allow</c> calls that fills by one every interval, in plain arithmetic with fractions of a call.</summary>
    private sealed class Bucket(int allow, long interval)
    {
        private long _level = allow * interval;
        private long _at;

        public bool Take(long now)
        {
            _level = Math.Min(allow * interval, _level + now - _at);
            _at = now;
            if (_level < interval) return false;
            _level -= interval;
            return true;
        }

        public long Left => _level / interval;
    }

    [Fact]
    [Control("RTE-1")]
    public void Allows_exactly_what_a_bucket_that_fills_evenly_allows() =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 120], Gen.Long[0, 20 * Second].Array[1, 200]).Sample((allow, seconds, pauses) =>
        {
            var every = TimeSpan.FromSeconds(seconds);
            var rate = new Rate(allow, every, Second);
            var interval = (every.Ticks + allow - 1) / allow;
            var bucket = new Bucket(allow, interval);
            var cell = new Cell();
            var now = 1L;
            bucket.Take(-allow * interval * 2); // an empty past: the bucket is full again at the first call
            foreach (var pause in pauses)
            {
                now += pause % (3 * interval);
                Assert.True(rate.TryCharge(cell, now, out var answer));
                Assert.Equal(bucket.Take(now), !answer.Refused);
                Assert.Equal(bucket.Left, answer.Remaining);
                Assert.Equal(answer.Remaining == 0, answer.Retry > 0);
                if (!answer.Refused) continue;
                Assert.True(rate.Look(cell.Time, now + answer.Retry - 1).Refused);
                Assert.False(rate.Look(cell.Time, now + answer.Retry).Refused);
            }
        });

    [Fact]
    [Control("RTE-1")]
    public async Task Allows_exactly_one_window_however_many_ask_at_once()
    {
        var rate = new Rate(1000, TimeSpan.FromMinutes(1), Second);
        var cell = new Cell();
        var allowed = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                rate.TryCharge(cell, 17, out var answer);
                if (!answer.Refused) Interlocked.Increment(ref allowed);
            }
        })));
        Assert.Equal(1000, allowed);
    }

    [Fact]
    public void Gives_a_call_back_until_it_has_come_back_by_itself()
    {
        var clock = new FakeTimeProvider();
        var rate = new Rate(2, TimeSpan.FromSeconds(10), clock.TimestampFrequency);
        var cell = new Cell();
        rate.TryCharge(cell, clock.GetTimestamp(), out var first);
        rate.GiveBack(cell, first.Charged, clock);
        rate.TryCharge(cell, clock.GetTimestamp(), out var again);
        Assert.Equal(1, again.Remaining);

        clock.Advance(TimeSpan.FromSeconds(60)); // long back: somebody else's calls are all that counts now
        rate.TryCharge(cell, clock.GetTimestamp(), out _);
        rate.GiveBack(cell, again.Charged, clock);
        rate.TryCharge(cell, clock.GetTimestamp(), out var last);
        Assert.Equal(0, last.Remaining);
    }
}
