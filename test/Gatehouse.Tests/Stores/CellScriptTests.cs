using Gatehouse.Configuration;
using Gatehouse.Stores;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Stores;

public sealed class CellScriptTests
{
    [Fact]
    public void Reads_an_answer_for_each_cell()
    {
        var answer = CellScript.Read([1, 0, 160, 7, 320], 2)!.Value;
        Assert.True(answer is { Passes: true, IsThere: true });
        Assert.Equal([new CellState(0, 160), new CellState(7, 320)], answer.Cells);
    }

    [Theory]
    [InlineData]
    [InlineData(1L)]
    [InlineData(2L, 0L, 0L)]
    [InlineData(1L, -1L, 0L)]
    [InlineData(1L, 0L, -1L)]
    [InlineData(1L, 0L, 0L, 0L)]
    public void Takes_nothing_else_for_an_answer(params long[] numbers) => Assert.Null(CellScript.Read(numbers, 1));

    [Fact]
    [Control("RTE-11", "in the store")]
    public void Names_nobody_twice_and_nobody_so_that_it_can_be_read()
    {
        var keys = new StoreKeys("shop/test", new Secret("file:x", "0123456789abcdef0123456789abcdef"u8.ToArray()));
        var others = new StoreKeys("shop/test", new Secret("file:y", "another pepper than that above..."u8.ToArray()));
        byte[][] made =
        [
            keys.Of("route a", 1, "anna"u8), keys.Of("route a", 2, "anna"u8), keys.Of("route b", 1, "anna"u8), keys.Of("route a", 1, "bert"u8),
            keys.Of("route a1", 1, "nna"u8), others.Of("route a", 1, "anna"u8),
        ];
        Assert.Equal(made.Length, made.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(made[0], keys.Of("route a", 1, "anna"u8));
        Assert.All(made, k => Assert.Matches("^\\{gatehouse:shop/test\\}:[A-Za-z0-9_-]{22}$", System.Text.Encoding.ASCII.GetString(k)));
    }
}
