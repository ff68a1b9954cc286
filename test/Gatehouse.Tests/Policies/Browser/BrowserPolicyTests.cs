using Gatehouse.Policies.Browser;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Browser;

public sealed class BrowserPolicyTests
{
    [Theory]
    [Control("ERR-7")]
    [InlineData(null, "", "")]
    [InlineData(0, "", "")]
    [InlineData(300, "", "max-age=300")]
    [InlineData(300, "max-age=1; includeSubDomains", "max-age=1; includeSubDomains")]
    public void Says_for_how_long_there_is_only_tls_unless_the_route_says_it(int? seconds, string said, string expected)
    {
        var exchange = new PolicyHarness().Exchange();
        if (said.Length > 0) exchange.ResponseHeaders.StrictTransportSecurity = said;
        new BrowserPolicy(seconds is { } s ? TimeSpan.FromSeconds(s) : null).OnResponse(exchange);
        Assert.Equal(expected, exchange.ResponseHeaders.StrictTransportSecurity.ToString());
        Assert.Equal("nosniff", exchange.ResponseHeaders.XContentTypeOptions.ToString());
    }
}
