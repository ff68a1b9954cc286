using System.Text.Json;
using CsCheck;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Routes;

public sealed class NormalPathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/orders/17", "/orders/17")]
    [InlineData("/orders/", "/orders/")]
    [InlineData("/Orders", "/Orders")]
    [InlineData("/orders.", "/orders.")]
    [InlineData("/a..b/.well-known/...x", "/a..b/.well-known/...x")]
    [InlineData("/%6frders/%31%37", "/orders/17")]
    [InlineData("/a%7eb%2db", "/a~b-b")]
    [InlineData("/caf%c3%a9", "/caf%C3%A9")]
    [InlineData("/%f0%9f%98%80", "/%F0%9F%98%80")]
    [InlineData("/a%20b%3fc%23d", "/a%20b%3Fc%23d")]
    [InlineData("/100%25", "/100%25")]
    [InlineData("/100%25-off", "/100%25-off")]
    [InlineData("/a!$&'()*+,=:@b", "/a!$&'()*+,=:@b")]
    [InlineData("/a%21%24%26%27%28%29%2a%2C%3d%3A%40b", "/a!$&'()*,=:@b")]
    [InlineData("/42%3Aclose/%40me", "/42:close/@me")]
    [InlineData("/a%2bb+c", "/a%2Bb+c")]
    [InlineData("/100%25%3A", "/100%25:")]
    [Control("NRM-1")]
    [Control("NRM-5", "what is decided")]
    public void Brings_a_path_into_its_one_form(string path, string normal)
    {
        Assert.True(NormalPath.TryRead(path, null, out var found, out var fault), fault);
        Assert.Equal(normal, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("orders")]
    [InlineData("*")]
    [InlineData("//")]
    [InlineData("/a//b")]
    [InlineData("/.")]
    [InlineData("/..")]
    [InlineData("/a/../b")]
    [InlineData("/a/./b")]
    [InlineData("/a/...")]
    [InlineData("/%2e%2e/b")]
    [InlineData("/.%2E/b")]
    [InlineData("/a%2Fb")]
    [InlineData("/a%2fb")]
    [InlineData("/a%5Cb")]
    [InlineData("/a\\b")]
    [InlineData("/a;x=1")]
    [InlineData("/a%3Bx")]
    [InlineData("/..;/a")]
    [InlineData("/a%00")]
    [InlineData("/a%0d%0a")]
    [InlineData("/a%7f")]
    [InlineData("/a%c2%85")]
    [InlineData("/a\t")]
    [InlineData("/a\r")]
    [InlineData("/a b")]
    [InlineData("/a\"b")]
    [InlineData("/a<b>")]
    [InlineData("/a^b")]
    [InlineData("/a`b")]
    [InlineData("/a{b}")]
    [InlineData("/a|b")]
    [InlineData("/a[b]")]
    [InlineData("/a#b")]
    [InlineData("/caf\u00e9")]
    [InlineData("/%")]
    [InlineData("/%4")]
    [InlineData("/%zz")]
    [InlineData("/%c0%ae")]
    [InlineData("/%e0%80%af")]
    [InlineData("/%ed%a0%80")]
    [InlineData("/%f5%80%80%80")]
    [InlineData("/%c3")]
    [InlineData("/%c3A")]
    [InlineData("/%80")]
    [InlineData("/%252e")]
    [InlineData("/%252F")]
    [InlineData("/%25%32%46")]
    [InlineData("/%2541")]
    [Control("NRM-2")]
    [Control("NRM-3")]
    [Control("NRM-4")]
    [Control("NRM-5")]
    public void Refuses_what_two_programs_could_read_differently(string path)
    {
        Assert.False(NormalPath.TryRead(path, null, out _, out var fault));
        Assert.NotEmpty(fault);
    }

    [Fact]
    public void Gives_back_the_text_that_is_normal_already()
    {
        var same = "/orders/" + 17;
        Assert.True(NormalPath.TryRead("/orders/17", same, out var normal, out _));
        Assert.Same(same, normal);
    }

    [Fact]
    public void Reads_a_long_path_like_a_short_one()
    {
        var long_ = "/%41" + new string('a', 4000);
        Assert.True(NormalPath.TryRead(long_, null, out var normal, out _));
        Assert.Equal("/A" + new string('a', 4000), normal);
    }

    [Fact]
    [Control("NRM-1")]
    public void A_normal_path_stays_as_it_is()
    {
        var accepted = 0;
        var piece = Gen.Frequency((8, Gen.Char["ab/.~-%2e5cCfFx3A:@+"].Select(c => c.ToString())), (4, Gen.Byte.Select(b => $"%{b:x2}")),
            (1, Gen.Char.Select(c => c.ToString())));
        piece.Array[0, 20].Select(pieces => "/" + string.Concat(pieces)).Sample(path =>
        {
            if (!NormalPath.TryRead(path, null, out var normal, out _)) return true;
            Interlocked.Increment(ref accepted);
            return NormalPath.TryRead(normal, null, out var again, out _) && again == normal && !normal.Contains("//", StringComparison.Ordinal);
        }, iter: 20_000);
        Assert.True(accepted > 100, "the property was hardly looked at");
    }

    [Fact]
    [Control("NRM-1")]
    public void Two_ways_of_writing_what_a_backend_reads_alike_are_one_but_for_the_plus()
    {
        for (var c = ' '; c < '\u007f'; c++)
        {
            if (!NormalPath.TryRead($"/x{c}", null, out var bare, out _) || c is '/' or '%') continue;
            Assert.True(NormalPath.TryRead($"/x%{(int)c:X2}", null, out var encoded, out var fault), fault);
            Assert.Equal(c == '+', bare != encoded);
        }
    }

    [Fact]
    [Control("DEV-2")]
    public void Takes_or_refuses_every_naughty_string()
    {
        var strings =
            JsonSerializer.Deserialize<string[]>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "corpora", "strings", "blns.json")))!;
        Assert.True(strings.Length > 500);
        Assert.All(strings, s =>
        {
            _ = NormalPath.TryRead("/" + s, null, out _, out _);
            Assert.True(!NormalPath.TryRead(s, null, out var normal, out _)
                || (NormalPath.TryRead(normal, null, out var again, out _) && again == normal));
            // %25 followed by two digits is encoding twice; a lone surrogate has no UTF-8
            if (s.Contains('%', StringComparison.Ordinal) || s.Any(char.IsSurrogate) || s.Length > 2000) return;
            if (NormalPath.TryRead("/x" + Uri.EscapeDataString(s), null, out var encoded, out _))
                Assert.Equal("/x" + s, Uri.UnescapeDataString(encoded));
        });
    }
}
