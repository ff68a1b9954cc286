using Gatehouse.Configuration;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

/// <summary>Answers of a service at <c>http://10.0.3.1:5101</c>, beside which another stands at <c>http://10.0.4.1:80</c>.</summary>
internal static class Answers
{
    public static InsideAddresses Inside(string? serverName = null)
    {
        var own = UpstreamAt("http://10.0.3.1:5101") with { Tls = UpstreamTls.Usual with { ServerName = serverName } };
        return new InsideAddresses(own, InsideAddresses.AuthoritiesOf([own, UpstreamAt("http://10.0.4.1")]));
    }

    private static Upstream UpstreamAt(string address) => new()
    {
        Name = "orders",
        Destinations = [new DestinationAddress(new Uri(address))],
        Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
        Balance = Balance.RoundRobin,
        Protocol = UpstreamProtocol.Http1,
        Authorities = null,
        Place = new Place("test.yaml", 1, 1),
    };
}
