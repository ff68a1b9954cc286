using Gatehouse.Configuration;

namespace Gatehouse.Tests.Configuration;

/// <summary>What counts as nearly everybody.</summary>
public sealed class AllowListTests
{
    [Theory]
    [InlineData(true, "0.0.0.0/0")]
    [InlineData(true, "64.0.0.0/2")]
    [InlineData(true, "0.0.0.0/3", "64.0.0.0/3")]
    [InlineData(false, "0.0.0.0/3")]
    [InlineData(false, "10.0.0.0/8", "2001:db8::/32")]
    [InlineData(true, "::/0")]
    [InlineData(true, "::/1")]
    [InlineData(true, "::/2")]
    [InlineData(true, "2000::/3")]
    [InlineData(true, "2000::/5")]
    [InlineData(true, "2400::/6", "2800::/6")]
    [InlineData(false, "2400::/6")]
    [InlineData(false, "2a00::/12")]
    [InlineData(true, "8000::/1")]
    [InlineData(false, "fc00::/7", "fe80::/10")]
    public void A_quarter_of_the_public_addresses_of_one_family_is_nearly_everybody(bool expected, params string[] written)
    {
        var networks = written.Select(w => AddressText.TryReadNetwork(w, out var network) ? network : throw new FormatException(w));
        Assert.Equal(expected, AllowList.IsNearlyEverything(new Networks([.. networks])));
    }
}
