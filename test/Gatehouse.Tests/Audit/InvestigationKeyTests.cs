using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;

namespace Gatehouse.Tests.Audit;

/// <summary>What is personal is kept under a key, and is nothing without it.</summary>
public sealed class InvestigationKeyTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
    private readonly InvestigationKey _key = new(Secret);

    [Fact]
    public void The_same_somebody_has_the_same_digest_and_others_have_others()
    {
        var entry = _key.About("customer", "17");
        var other = new InvestigationKey(Encoding.ASCII.GetBytes("another secret"));
        Assert.Equal(entry, new InvestigationKey(Secret).About("customer", "17"));
        Assert.Equal(("customer", _key.Id), (entry.Name, entry.Key));
        string[] all =
        [
            entry.Hmac, _key.About("customer", "18").Hmac, _key.About("order", "17").Hmac, _key.About("customer", "1").Hmac,
            _key.Person("customer", "17"), _key.Parameters("customer", "17"), other.About("customer", "17").Hmac,
        ];
        Assert.Distinct(all);
    }

    [Fact]
    public void The_digest_is_what_anybody_with_the_key_can_compute()
    {
        var expected = HMACSHA256.HashData(Secret, Encoding.UTF8.GetBytes("about\ncustomer\nJosé-17"));
        Assert.Equal(Convert.ToHexStringLower(expected), _key.About("customer", "José-17").Hmac);
    }

    [Fact]
    public void A_long_value_is_taken_whole()
    {
        var text = new string('é', 100_000);
        Assert.Equal(_key.About("customer", text), _key.About("customer", text));
        Assert.NotEqual(_key.About("customer", text).Hmac, _key.About("customer", text.AsSpan(1)).Hmac);
    }

    [Fact]
    public void A_key_made_of_another_is_another()
    {
        var made = InvestigationKey.From(Secret, "one"u8);
        Assert.NotEqual(made.Id, _key.Id);
        Assert.NotEqual(made.Id, InvestigationKey.From(Secret, "two"u8).Id);
        Assert.DoesNotContain(made.Id, Convert.ToHexStringLower(Secret), StringComparison.Ordinal);
    }
}
