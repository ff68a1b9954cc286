using Gatehouse.Stores;
using Xunit;

namespace Gatehouse.Tests.Stores;

public sealed class SpentScriptTests
{
    [Fact]
    public void Reads_an_answer_for_each_count() =>
        Assert.Equal([new SpentState(5, 17, 1000, 3), new SpentState(-2, 0, 0, 0)], SpentScript.Read([5, 17, 1000, 3, -2, 0, 0, 0], 2)!);

    [Theory]
    [InlineData]
    [InlineData(1L)]
    [InlineData(1L, -1L, 1L, 1L)]
    [InlineData(1L, 1L, -1L, 1L)]
    [InlineData(1L, 1L, 1L, -1L)]
    [InlineData(1L, 1L, 1L, 1L, 1L)]
    public void Takes_nothing_else_for_an_answer(params long[] numbers) => Assert.Null(SpentScript.Read(numbers, 1));

    [Fact]
    public void Asks_with_as_many_numbers_as_the_script_reads()
    {
        var question = SpentScript.Encode([new SpentAsk([1], 2, 3, 4) { Known = 5, Life = 6, Turn = 7, MayMake = true }, default], 1);
        Assert.Equal([2, 3, 5, 6, 7, 4, 1], question.Values.Select(v => (long)v));
        Assert.Single(question.Keys);
    }
}
