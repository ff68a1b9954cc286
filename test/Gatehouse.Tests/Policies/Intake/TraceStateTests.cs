using Gatehouse.Policies.Intake;
using Gatehouse.TestKit;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Tests.Policies.Intake;

public sealed class TraceStateTests
{
    [Theory]
    [InlineData("")]
    [InlineData("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")]
    [InlineData("rojo=1 , \t congo=2 ,, x=3")]
    [InlineData("fw529a3039@dt=FfAAAAAAA;x, 4acme=a b")]
    [InlineData("a=1,aa=1,aaa=2")]
    public void Is_passed_on_where_it_has_its_form(string state) => Assert.True(TraceState.IsValid(state));

    [Theory]
    [InlineData("rojo")]
    [InlineData("=1")]
    [InlineData("rojo=")]
    [InlineData("Rojo=1")]
    [InlineData("ro jo=1")]
    [InlineData("rojo=1=2")]
    [InlineData("rojo=gr\u00fcn")]
    [InlineData("rojo=\u0001")]
    [InlineData("rojo=1,congo=2,rojo=3")]
    [InlineData("-a=1")]
    [Control("LOG-6", "tracestate")]
    public void Is_dropped_where_it_has_not(string state) => Assert.False(TraceState.IsValid(state));

    [Fact]
    [Control("LOG-6", "tracestate")]
    public void Is_bounded()
    {
        Assert.True(TraceState.IsValid(string.Join(',', Enumerable.Range(0, 32).Select(i => $"k{i}=1"))));
        Assert.False(TraceState.IsValid(string.Join(',', Enumerable.Range(0, 33).Select(i => $"k{i}=1"))));
        Assert.False(TraceState.IsValid(new string('k', 257) + "=1"));
        Assert.False(TraceState.IsValid(string.Join(',', Enumerable.Range(0, 30).Select(i => $"k{i}={new string('v', 20)}"))));
        Assert.True(TraceState.IsValid(new StringValues(["a=1", "b=2"])));
        Assert.False(TraceState.IsValid(new StringValues(["a=1", "a=2"])));
    }
}
