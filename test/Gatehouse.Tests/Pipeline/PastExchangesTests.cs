using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Pipeline;

public sealed class PastExchangesTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void The_oldest_gives_way_and_refusals_have_places_of_their_own()
    {
        var past = new PastExchanges(_clock, places: 4);
        past.Add(Ended(1, status: 403));
        for (var i = 2; i <= 7; i++) past.Add(Ended(i));
        Assert.True(past.TryFind(1, out _));
        Assert.False(past.TryFind(3, out _));
        Assert.True(past.TryFind(4, out var found));
        Assert.Equal("edge", found.Listener);
    }

    [Fact]
    public void What_is_too_old_is_not_found()
    {
        var past = new PastExchanges(_clock, places: 4, TimeSpan.FromMinutes(5));
        past.Add(Ended(1));
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.True(past.TryFind(1, out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(past.TryFind(1, out _));
        Assert.Equal((null, null), past.Since());
    }

    [Fact]
    public void Places_that_are_written_and_read_at_once_are_never_mixed()
    {
        var past = new PastExchanges(_clock, places: 8);
        Parallel.For(1, 20_000, i =>
        {
            past.Add(Ended(i) with { Revision = i });
            if (past.TryFind((UInt128)(i - 1), out var found)) Assert.Equal((UInt128)found.Revision, found.Id);
        });
    }

    [Theory]
    [InlineData("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true)]
    [InlineData("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", false)]
    [InlineData("01K8Z3V6T4Q0M2N5R7S9W1X3Y", false)]
    [InlineData("01K8Z3V6T4Q0M2N5R7S9W1X3YU", false)]
    [InlineData("", false)]
    public void Ids_have_one_form(string text, bool isId) => Assert.Equal(isId, RequestIdText.TryRead(text, out _));

    private PastExchange Ended(int id, int status = 200) => new()
    {
        Id = (UInt128)id,
        EndedAt = _clock.GetUtcNow().UtcTicks,
        Listener = "edge",
        Status = status,
        Before = [],
        After = [],
    };
}
