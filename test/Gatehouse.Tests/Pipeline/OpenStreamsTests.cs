using Gatehouse.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Pipeline;

public sealed class OpenStreamsTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly AddressShares _shares = new();
    private readonly OpenStreams _streams;

    public OpenStreamsTests() => _streams = new OpenStreams(_clock);

    [Fact]
    public void A_share_is_given_back_when_the_answer_has_left()
    {
        Serve(1, refused: false);
        Assert.Equal((1, false), (_shares.Count, _streams.WaitsSince is null));
        Assert.True(_streams.End(1));
        Assert.Equal((0, true), (_shares.Count, _streams.WaitsSince is null));
    }

    [Fact]
    public void A_share_is_given_back_at_once_where_the_stream_was_over_before()
    {
        _streams.Open(1);
        _streams.Begin(1);
        _streams.End(1); // the client has taken it back
        Take(1);
        Assert.Equal(0, _shares.Count);
        Assert.True(_streams.Write(1, isRefusal: true));
        Assert.Null(_streams.WaitsSince);
    }

    [Fact]
    public void The_head_may_be_counted_after_everything_else()
    {
        _streams.Begin(1);
        Take(1);
        _streams.Write(1, isRefusal: false);
        Assert.True(_streams.End(1));
        Assert.True(_streams.Open(1));
        Assert.Equal((0, true), (_shares.Count, _streams.WaitsSince is null));
        Assert.NotNull(_streams.QuietSince);
    }

    [Fact]
    public void A_head_opens_a_stream_once()
    {
        Assert.True(_streams.Open(1));
        Assert.False(_streams.Open(1)); // trailers
        Assert.True(_streams.Open(5));
        Assert.False(_streams.Open(3));
    }

    [Fact]
    public void A_stream_that_ends_before_it_is_an_exchange_is_told_apart()
    {
        _streams.Open(1);
        Assert.False(_streams.End(1));
        Assert.True(_streams.End(1)); // a second reset says nothing new
        Assert.False(_streams.End(3)); // its head is not counted yet
        Assert.True(_streams.Open(3));
        Assert.NotNull(_streams.QuietSince);
    }

    [Fact]
    public void What_waits_longest_is_what_matters()
    {
        Serve(1, refused: false);
        var first = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Serve(3, refused: false);
        Assert.Equal(first, _streams.WaitsSince);
        _streams.End(1);
        Assert.Equal(_clock.GetTimestamp(), _streams.WaitsSince);
    }

    [Fact]
    public void Refusals_that_count_for_nobody_and_are_not_taken_are_not_waited_for()
    {
        for (var i = 0; i <= OpenStreams.MostRefusals; i++) Assert.True(Refuse((2 * i) + 1)); // none has had the time to leave
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(Refuse(101));
        _streams.End(1);
        Assert.True(Refuse(103));
    }

    [Fact]
    public void Everything_is_given_back_with_the_connection()
    {
        Serve(1, refused: false);
        _streams.Close();
        Assert.Equal(0, _shares.Count);
        Take(3);
        Assert.Equal(0, _shares.Count);
        Assert.Null(_streams.WaitsSince);
    }

    private bool Refuse(int stream)
    {
        _streams.Open(stream);
        _streams.Begin(stream);
        return _streams.Write(stream, isRefusal: true);
    }

    private void Serve(int stream, bool refused)
    {
        _streams.Open(stream);
        _streams.Begin(stream);
        Take(stream);
        Assert.True(_streams.Write(stream, refused));
    }

    private void Take(int stream)
    {
        Assert.True(_shares.TryTake(17, 100));
        _streams.GiveBackAtEnd(stream, _shares, 17);
    }
}
