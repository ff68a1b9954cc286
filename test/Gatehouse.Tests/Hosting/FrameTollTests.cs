using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Hosting;

public sealed class FrameTollTests
{
    private const byte Headers = 1, Reset = 3, Ping = 6;
    private readonly FakeTimeProvider _clock = new();
    private readonly FrameToll _toll;
    private long _sent;

    public FrameTollTests() => _toll = new FrameToll(() => _sent, _clock);

    [Fact]
    [Control("LIM-8")]
    public void Ends_with_more_frames_that_carry_nothing_than_are_given()
    {
        Take(FrameToll.Empty, Ping);
        Assert.Null(_toll.Fault);
        Take(1, Ping);
        Assert.Equal(FrameToll.FloodOfFrames, _toll.Fault);
    }

    [Fact]
    [Control("LIM-8")]
    public void Ends_with_more_streams_taken_back_than_are_given()
    {
        Take(FrameToll.Resets / FrameToll.ResetCost, Reset);
        Assert.Null(_toll.Fault);
        Take(1, Reset);
        Assert.Equal(FrameToll.FloodOfResets, _toll.Fault);
    }

    [Fact]
    public void Time_earns_what_a_client_needs_and_no_more_than_was_given_first()
    {
        for (var second = 0; second < 20; second++)
        {
            Take(FrameToll.EmptyPerSecond, Ping);
            Take(FrameToll.ResetsPerSecond / FrameToll.ResetCost, Reset);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Null(_toll.Fault);
        _clock.Advance(TimeSpan.FromHours(1));
        Take((2 * FrameToll.Empty) + 1, Ping); // what is left, and once what an hour has earned
        Assert.NotNull(_toll.Fault);
    }

    [Fact]
    public void Responses_earn_the_window_updates_that_they_need()
    {
        Take(FrameToll.Empty, 8);
        _sent += 100 * FrameToll.BytesPerEmpty;
        Take(100, 8);
        Assert.Null(_toll.Fault);
        Take(1, 8);
        Assert.NotNull(_toll.Fault);
    }

    [Fact]
    public void Half_of_all_streams_may_be_taken_back()
    {
        for (var i = 0; i < 10_000; i++)
        {
            Take(2, Headers);
            Take(1, Reset);
        }

        Assert.Null(_toll.Fault);
    }

    [Fact]
    [Control("LIM-8", "trailers before each reset")]
    public void Trailers_earn_nothing()
    {
        for (var i = 0; i < FrameToll.Resets - 1; i++) // the first earns nothing: all is there
        {
            Take(1, Headers);
            _toll.Take(new FrameHead(Headers, 5, 8, 1, 0), opens: false);
            Take(1, Reset);
        }

        Assert.Null(_toll.Fault);
        Take(1, Reset);
        Assert.Equal(FrameToll.FloodOfResets, _toll.Fault);
    }

    [Fact]
    [Control("LIM-8", "streams that are refused")]
    public void Streams_that_the_server_takes_back_cost_as_those_of_the_client()
    {
        for (var i = 0; i < FrameToll.Resets - 1; i++) // the first earns nothing: all is there
        {
            _toll.Refuse();
            Take(1, Headers);
        }

        Assert.Null(_toll.Fault);
        _toll.Refuse();
        Take(1, Headers);
        Assert.Equal(FrameToll.FloodOfResets, _toll.Fault);
    }

    [Theory]
    [InlineData(0, 0, 1, false)] // a byte of a body
    [InlineData(0, 1, 0, false)] // the end of a body
    [InlineData(0, 0, 0, true)]
    [InlineData(0, 8, 200, true)] // may be padding alone
    [InlineData(0, 8, 300, false)]
    [InlineData(9, 0, 5000, true)]
    [InlineData(0xfa, 0, 5000, true)]
    [Control("LIM-8")]
    public void Knows_what_carries_nothing(byte type, byte flags, int length, bool nothing)
    {
        for (var i = 0; i <= FrameToll.Empty; i++) _toll.Take(new FrameHead(type, flags, length, 1, 0), opens: false);
        Assert.Equal(nothing, _toll.Fault is not null);
    }

    private void Take(int times, byte type)
    {
        for (var i = 0; i < times; i++) _toll.Take(new FrameHead(type, 0, 8, 1, 0), opens: type == Headers);
    }
}
