using Gatehouse.Routes;

namespace Gatehouse.Tests.Routes;

public sealed class SuccessorPathTests
{
    [Theory]
    [InlineData("/v1/orders/{id}", "/orders/{id}", "/v1/orders/42", "/orders/42")]
    [InlineData("/v1/orders/{id}/lines/{line}", "/lines/{line}/of/{id}", "/v1/orders/42/lines/7", "/lines/7/of/42")]
    [InlineData("/files/{id}.json", "/documents/v2-{id}", "/files/a.b.json", "/documents/v2-a.b")]
    [InlineData("/docs/{path**}", "/manual/{path**}", "/docs/a/b/c%20d", "/manual/a/b/c%20d")]
    [InlineData("/old/{id}", "/new", "/old/1", "/new")]
    [InlineData("/old/{id}/", "/", "/old/1/", "/")]
    [InlineData("/old/{id}", "/new/{id}/", "/old/1", "/new/1/")]
    public void Has_the_values_of_the_request(string from, string to, string path, string expected)
    {
        Assert.True(SuccessorPath.TryCompile(Match(from), Match(to), out var successor, out _));
        Assert.Equal(expected, successor.For(path));
    }

    [Theory]
    [InlineData("/old/{id}", "/new/{orderId}")]
    [InlineData("/old/{path**}", "/new/{path}")]
    [InlineData("/old/{path}", "/new/{path**}")]
    public void Is_not_made_up(string from, string to) => Assert.False(SuccessorPath.TryCompile(Match(from), Match(to), out _, out _));

    [Fact]
    public void Is_only_for_a_successor_that_a_path_alone_finds()
    {
        var (old, to) = (Match("/old"), Match("/new"));
        Assert.False(SuccessorPath.TryCompile(old, to with { Query = [new Condition("v", "2")] }, out _, out _));
        Assert.False(SuccessorPath.TryCompile(old, to with { Headers = [new Condition("X-Version", "2")] }, out _, out _));
        Assert.False(SuccessorPath.TryCompile(old, to with { Hosts = ["b.example"] }, out _, out _));
        Assert.False(SuccessorPath.TryCompile(old with { Hosts = ["a.example"] }, to with { Hosts = ["b.example"] }, out _, out _));
        Assert.True(SuccessorPath.TryCompile(old with { Hosts = ["b.example"] }, to with { Hosts = ["a.example", "b.example"] }, out _, out _));
    }

    private static RouteMatch Match(string path)
    {
        Assert.True(PathTemplate.TryParse(path, out var template, out var why), why);
        return new RouteMatch("GET", template, [], [], []);
    }
}
