using CsCheck;
using Gatehouse.Configuration;

namespace Gatehouse.Tests.Configuration;

public sealed class ShareTests
{
    [Theory]
    [InlineData("5%", 500)]
    [InlineData("0.25%", 25)]
    [InlineData("0.1%", 10)]
    [InlineData("100%", 10_000)]
    [InlineData("0%", 0)]
    public void Reads_percentages(string text, int hundredths)
    {
        Assert.True(Share.TryParse(text, out var share));
        Assert.Equal(hundredths, share.HundredthsOfPercent);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("%")]
    [InlineData(".5%")]
    [InlineData("5.%")]
    [InlineData("0.001%")]
    [InlineData("100.01%")]
    [InlineData("-1%")]
    [InlineData("+1%")]
    [InlineData(" 1%")]
    [InlineData("1 %")]
    [InlineData("1,5%")]
    [InlineData("1e1%")]
    public void Refuses_everything_else(string text) => Assert.False(Share.TryParse(text, out _));

    [Fact]
    public void Writes_what_it_reads() => Gen.Int[0, 10_000].Sample(hundredths =>
        Assert.True(Share.TryParse(new Share(hundredths).ToString(), out var share) && share.HundredthsOfPercent == hundredths));
}
