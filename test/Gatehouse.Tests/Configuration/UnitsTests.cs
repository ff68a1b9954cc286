using Gatehouse.Configuration;

namespace Gatehouse.Tests.Configuration;

public sealed class UnitsTests
{
    [Theory]
    [InlineData("250ms", 250L)]
    [InlineData("0s", 0L)]
    [InlineData("999999999m", 59_999_999_940_000L)]
    [InlineData("256204778h", 922_337_200_800_000L)]
    [InlineData("10675199d", 922_337_193_600_000L)]
    public void Reads_times(string text, long milliseconds)
    {
        Assert.True(Units.TryReadDuration(text, out var time));
        Assert.Equal(milliseconds * TimeSpan.TicksPerMillisecond, time.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("1")]
    [InlineData("1w")]
    [InlineData("-1s")]
    [InlineData("1.5s")]
    [InlineData("1000000000ms")]
    public void Refuses_everything_else(string text) => Assert.False(Units.TryReadDuration(text, out _));

    [Theory]
    [InlineData("256204779h")]
    [InlineData("10675200d")]
    [InlineData("999999999h")]
    [InlineData("999999999d")]
    public void Refuses_times_that_are_longer_than_can_be_counted(string text) => Assert.False(Units.TryReadDuration(text, out _));
}
