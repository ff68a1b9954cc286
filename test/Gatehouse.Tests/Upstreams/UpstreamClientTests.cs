using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

public sealed class UpstreamClientTests
{
    private static readonly Upstream Orders = new()
    {
        Name = "orders",
        Destinations = [new DestinationAddress(new Uri("https://10.0.3.1:5101")), new DestinationAddress(new Uri("https://10.0.3.2:5101"))],
        Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)),
        Balance = Balance.RoundRobin,
        Protocol = UpstreamProtocol.Http1,
        Authorities = null,
        Place = new Place("test.yaml", 1, 1),
    };

    [Fact]
    public void Keeps_connections_and_counters_over_a_reload_that_does_not_concern_them()
    {
        var state = new StateStore();
        UpstreamClient.For(Orders, state, TimeProvider.System);
        var held = state.Count;

        var changed = Orders with
        {
            Timeouts = Orders.Timeouts with { Head = TimeSpan.FromSeconds(9) },
            Balance = Balance.LeastRequests,
            Place = new Place("test.yaml", 9, 9),
        };
        UpstreamClient.For(changed, state, TimeProvider.System);

        Assert.Equal(held, state.Count);
    }

    [Fact]
    public void Shares_no_connections_between_upstreams_that_differ_in_how_they_connect()
    {
        Upstream[] different =
        [
            Orders,
            Orders with { Name = "stock" },
            Orders with { Protocol = UpstreamProtocol.Http2 },
            Orders with { Timeouts = Orders.Timeouts with { Connect = TimeSpan.FromSeconds(2) } },
            Orders with { Authorities = [1] },
            Orders with { Authorities = [2] },
        ];

        Assert.Equal(different.Length, different.Select(UpstreamConnections.IdentityOf).Distinct(StringComparer.Ordinal).Count());
    }
}
