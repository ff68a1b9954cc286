using Gatehouse.Services;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Services;

public sealed class AnswerCacheTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Remembers_an_answer_until_it_ends()
    {
        var cache = new AnswerCache<string>(_clock);
        Put(cache, 1, "yes");
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.True(cache.TryGet(Key(1), out var answer));
        Assert.Equal("yes", answer);
        Assert.False(cache.TryGet(Key(2), out _));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(cache.TryGet(Key(1), out _));
    }

    [Fact]
    public void Its_life_counts_from_the_asking()
    {
        var cache = new AnswerCache<string>(_clock);
        var askedAt = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(3));
        cache.Put(Key(1), "yes", askedAt, TimeSpan.FromSeconds(5));
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.True(cache.TryGet(Key(1), out _));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(cache.TryGet(Key(1), out _));
    }

    [Fact]
    public void Keeps_nothing_that_has_no_life_or_has_outlived_it()
    {
        var cache = new AnswerCache<string>(_clock);
        var askedAt = _clock.GetTimestamp();
        cache.Put(Key(1), "yes", askedAt, TimeSpan.Zero);
        cache.Put(Key(1), "yes", askedAt, TimeSpan.FromSeconds(-1));
        _clock.Advance(TimeSpan.FromSeconds(5));
        cache.Put(Key(1), "yes", askedAt, TimeSpan.FromSeconds(5));
        Assert.False(cache.TryGet(Key(1), out _));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void Stays_bounded_and_gives_newcomers_the_places_of_what_has_ended()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (byte i = 0; i < 10; i++)
        {
            Put(cache, i, "yes");
            Assert.True(cache.TryGet(Key(i), out _));
        }

        _clock.Advance(TimeSpan.FromSeconds(4));
        for (byte i = 5; i < 10; i++) Put(cache, i, "yes"); // asked for again
        _clock.Advance(TimeSpan.FromSeconds(2));
        for (byte i = 10; i < 15; i++) Put(cache, i, "yes");
        for (byte i = 0; i < 15; i++) Assert.Equal(i >= 5, cache.TryGet(Key(i), out _));
        Assert.Equal(10, cache.Count);
    }

    [Fact]
    public void Takes_newcomers_in_when_it_is_full_and_keeps_what_is_used()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (byte i = 0; i < 200; i++)
        {
            Put(cache, i, "yes");
            Assert.True(cache.TryGet(Key(0), out _));
            Assert.True(cache.Count <= 10);
        }

        Assert.True(cache.TryGet(Key(199), out _));
        Assert.False(cache.TryGet(Key(100), out _));
    }

    [Fact]
    public void Finds_a_place_where_everything_is_used_all_the_time()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (byte i = 0; i < 30; i++)
        {
            for (byte j = 0; j < i; j++) cache.TryGet(Key(j), out _);
            Put(cache, i, "yes");
            Assert.True(cache.TryGet(Key(i), out _));
        }

        Assert.Equal(10, cache.Count);
    }

    [Fact]
    public void Takes_a_newer_answer_in_the_place_of_the_old_one()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (var i = 0; i < 50; i++) Put(cache, 1, $"{i}");
        Assert.True(cache.TryGet(Key(1), out var answer));
        Assert.Equal(("49", 1), (answer, cache.Count));
    }

    [Fact]
    public void What_was_asked_earlier_does_not_replace_what_was_asked_later()
    {
        var cache = new AnswerCache<string>(_clock);
        var earlier = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Put(cache, 1, "no");
        cache.Put(Key(1), "yes", earlier, TimeSpan.FromSeconds(5));
        Assert.True(cache.TryGet(Key(1), out var answer));
        Assert.Equal("no", answer);
    }

    [Fact]
    public async Task Is_whole_however_many_use_it_at_once()
    {
        var cache = new AnswerCache<int>(TimeProvider.System, most: 50);
        var cancel = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            () =>
            {
                for (var i = 0; i < 20_000; i++)
                {
                    var number = (byte)((i * (worker + 1)) % 120);
                    if (cache.TryGet(Key(number), out var found)) Assert.Equal(number, found);
                    else cache.Put(Key(number), number, TimeProvider.System.GetTimestamp(), TimeSpan.FromMinutes(1));
                }
            },
            cancel)));
        Assert.Equal(50, cache.Count);
        Assert.Equal(50, Enumerable.Range(0, 120).Count(i => cache.TryGet(Key((byte)i), out _)));
    }

    private void Put(AnswerCache<string> cache, byte number, string answer) =>
        cache.Put(Key(number), answer, _clock.GetTimestamp(), TimeSpan.FromSeconds(5));

    private static Digest Key(byte number) => Digest.Of([number]);
}
