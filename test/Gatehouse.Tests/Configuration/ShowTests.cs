using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Configuration;

public sealed class ShowTests
{
    [Fact]
    [Control("SEC-2", "an API key in the wrong field")]
    public void No_key_is_shown()
    {
        var key = ApiKeyText.Create().Key;
        foreach (var text in (string[])[key, " " + key, "X-Api-Key: " + key, key + " and more"])
            Assert.DoesNotContain(key[4..], Show.Bounded(text), StringComparison.Ordinal);
        Assert.Equal("ghk_…", Show.Bounded(key));
    }

    [Theory]
    [InlineData("https://gateway:hunter2@id.shop.example/keys", "https://…@id.shop.example/keys")]
    [InlineData("HTTP://gateway:h/u?n#t@er2@id.shop.example", "HTTP://…@id.shop.example")]
    [InlineData("https://id.shop.example/keys", "https://id.shop.example/keys")]
    [InlineData("platform@shop.example", "platform@shop.example")]
    [InlineData("a@b://c", "a@b://c")]
    [Control("SEC-2", "a password in an address")]
    public void No_user_of_an_address_is_shown(string text, string shown) => Assert.Equal(shown, Show.Bounded(text));

    [Theory]
    [InlineData("one\ntwo\u202e\u001b[2J", "one?two??[2J")]
    [InlineData("", "")]
    public void Nothing_moves_a_cursor(string text, string shown) => Assert.Equal(shown, Show.Bounded(text));

    [Fact]
    public void What_is_long_is_cut() => Assert.Equal(new string('a', 80) + "…", Show.Bounded(new string('a', 81)));
}
