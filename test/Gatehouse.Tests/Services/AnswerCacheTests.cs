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
        cache.Put(Key(1), "yes", TimeSpan.FromSeconds(5));
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.True(cache.TryGet(Key(1), out var answer));
        Assert.Equal("yes", answer);
        Assert.False(cache.TryGet(Key(2), out _));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(cache.TryGet(Key(1), out _));
    }

    [Fact]
    public void Keeps_nothing_that_has_no_life()
    {
        var cache = new AnswerCache<string>(_clock);
        cache.Put(Key(1), "yes", TimeSpan.Zero);
        Assert.False(cache.TryGet(Key(1), out _));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void Stays_bounded_and_makes_room_when_answers_have_ended()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (byte i = 0; i < 200; i++) cache.Put(Key(i), "yes", TimeSpan.FromSeconds(5));
        Assert.Equal(10, cache.Count);
        Assert.False(cache.TryGet(Key(100), out _));
        _clock.Advance(TimeSpan.FromSeconds(6));
        cache.Put(Key(100), "yes", TimeSpan.FromSeconds(5));
        Assert.True(cache.TryGet(Key(100), out _));
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void Takes_a_newer_answer_in_the_place_of_the_old_one()
    {
        var cache = new AnswerCache<string>(_clock, most: 10);
        for (var i = 0; i < 50; i++) cache.Put(Key(1), $"{i}", TimeSpan.FromSeconds(5));
        Assert.True(cache.TryGet(Key(1), out var answer));
        Assert.Equal(("49", 1), (answer, cache.Count));
    }

    private static Digest Key(byte number) => Digest.Of([number]);
}
