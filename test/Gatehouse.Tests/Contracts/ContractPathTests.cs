using Gatehouse.Contracts;

namespace Gatehouse.Tests.Contracts;

public sealed class ContractPathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/orders/{orderId}", "/orders/{orderId}")]
    [InlineData("/orders/{order-id}", "/orders/{order_id}")]
    [InlineData("/{1st}/{}/{_x}", "/{p1st}/{p}/{p_x}")]
    [InlineData("/{id}/parts/{id}", "/{id}/parts/{id2}")]
    [InlineData("/{a.b}/{a-b}", "/{a_b}/{a_b2}")]
    [InlineData("/{a}/{a2}/{a}/{a}", "/{a}/{a2}/{a3}/{a4}")]
    [InlineData("/files/{name}.json", "/files/{name}.json")]
    [InlineData("/v{version}/x", "/v{version}/x")]
    [InlineData("/orders/{id}:cancel", "/orders/{id}:cancel")]
    [InlineData("/%40me/{id}%3acancel", "/@me/{id}:cancel")]
    [InlineData("/with space/é/%c3%a9/%7E/100%", "/with%20space/%C3%A9/%C3%A9/~/100%25")]
    [InlineData("/trailing/", "/trailing/")]
    public void Paths_become_templates(string path, string expected)
    {
        Assert.True(ContractPath.TryRead(path, out var template, out var why), why);
        Assert.Equal(expected, template.Text);
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("/a//b")]
    [InlineData("/a/../b")]
    [InlineData("/a/%2e%2e/b")]
    [InlineData("/a%2Fb")]
    [InlineData("/{a}.{b}")]
    [InlineData("/{a}{b}")]
    [InlineData("/{a")]
    [InlineData("/a}")]
    [InlineData("/{a{b}}")]
    [InlineData("/{path+}")]
    [InlineData("/{+path}")]
    [InlineData("/{path*}")]
    [InlineData("/a;b={b}")]
    [InlineData("/a+b")]
    [InlineData("/{a}%2Bb")]
    [InlineData("/a%3Bb")]
    [InlineData("/a?b=c")]
    [InlineData("/a#b")]
    [InlineData("/a\\b")]
    [InlineData("/a\u0000b")]
    public void What_no_template_can_say_is_refused_with_a_reason(string path)
    {
        Assert.False(ContractPath.TryRead(path, out _, out var why));
        Assert.NotEmpty(why);
    }

    [Fact]
    public void Half_a_character_is_refused() => Assert.False(ContractPath.TryRead("/a\ud800b", out _, out _)); // test data is written as UTF-8, which has none

    [Fact]
    public void Too_long_is_refused() => Assert.False(ContractPath.TryRead("/" + new string('a', 100_000), out _, out _));
}
