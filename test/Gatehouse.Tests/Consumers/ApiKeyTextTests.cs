using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Consumers;

public sealed class ApiKeyTextTests
{
    private static readonly Secret Pepper = new("env:TEST", Encoding.ASCII.GetBytes("a pepper of at least thirty-two bytes"));

    [Fact]
    [Control("KEY-1")]
    public void Makes_keys_with_a_prefix_a_public_id_160_random_bits_and_a_checksum()
    {
        var keys = Enumerable.Range(0, 1000).Select(_ => ApiKeyText.Create()).ToList();
        Assert.Equal(1000, keys.Select(k => k.Key).Distinct().Count());
        Assert.Equal(1000, keys.Select(k => k.Id).Distinct().Count());
        Assert.All(keys, k =>
        {
            Assert.Matches("^ghk_[0-9a-hjkmnp-tv-z]{8}_[0-9a-hjkmnp-tv-z]{32}_[0-9a-hjkmnp-tv-z]{7}$", k.Key);
            Assert.True(ApiKeyText.TryParse(k.Key, out var id));
            Assert.Equal(k.Id, id.ToString());
            Assert.DoesNotContain("ghk_", k.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    [Control("KEY-1")]
    public void Uses_every_letter_of_the_alphabet_at_every_place_of_the_secret()
    {
        var keys = Enumerable.Range(0, 2000).Select(_ => ApiKeyText.Create().Key).ToList();
        for (var at = 13; at < 45; at++) Assert.Equal(32, keys.Select(k => k[at]).Distinct().Count());
    }

    [Fact]
    [Control("KEY-1")]
    public void Refuses_a_key_with_any_one_character_changed()
    {
        var key = ApiKeyText.Create().Key;
        for (var at = 0; at < key.Length; at++)
        {
            foreach (var other in "0a_-A\u0131")
            {
                if (other == key[at]) continue;
                Assert.False(ApiKeyText.TryParse($"{key[..at]}{other}{key[(at + 1)..]}", out _));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("ghk_")]
    [InlineData("{0} ")]
    [InlineData(" {0}")]
    [InlineData("{0}{0}")]
    public void Refuses_what_is_not_exactly_a_key(string form) =>
        Assert.False(ApiKeyText.TryParse(form.Replace("{0}", ApiKeyText.Create().Key, StringComparison.Ordinal), out _));

    [Fact]
    public void Refuses_a_key_in_capitals() => Assert.False(ApiKeyText.TryParse(ApiKeyText.Create().Key.ToUpperInvariant(), out _));

    [Fact]
    [Control("KEY-2")]
    public void Keeps_a_hash_that_depends_on_the_pepper_and_holds_no_part_of_the_key()
    {
        var key = ApiKeyText.Create();
        var text = ApiKeyHash.Write(Pepper, key);
        Assert.Matches("^hmac-sha256:[A-Za-z0-9_-]{43}$", text);
        Assert.NotEqual(text, ApiKeyHash.Write(new Secret("env:OTHER", new byte[32]), key));
        Assert.DoesNotContain(key.Key[13..45], text, StringComparison.Ordinal);

        var hash = new byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(Pepper, key.Key, hash);
        Assert.True(ApiKeyHash.TryRead(text, out var read));
        Assert.Equal(hash, read);
    }

    [Theory]
    [InlineData("hmac-sha256:")]
    [InlineData("HMAC-SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB")]
    [InlineData("hmac-sha256:AAAAAAAAAAAAAAAAAAAAA+/AAAAAAAAAAAAAAAAAAAA")]
    [InlineData("hmac-sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Refuses_a_hash_that_is_not_the_one_text_of_it(string text) => Assert.False(ApiKeyHash.TryRead(text, out _));
}
