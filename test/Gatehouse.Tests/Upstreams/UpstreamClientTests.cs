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
            Orders with { Destinations = [new DestinationAddress(new Uri("https://orders.internal:5101"))] },
        ];

        Assert.Equal(different.Length, different.Select(UpstreamConnections.IdentityOf).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Keeps_what_is_known_of_destinations_places_and_circuits_over_a_reload()
    {
        var state = new StateStore();
        var declared = Orders with { Breaker = BreakerRule.Usual, Health = HealthRule.Usual, AtOnce = new BulkheadRule(5, 0, TimeSpan.Zero) };
        var before = UpstreamClient.For(declared, state, TimeProvider.System);
        var held = state.Count;
        before.Checks[0].Destination.TrySetDown(true, TimeProvider.System);

        var after = UpstreamClient.For(declared with { AtOnce = new BulkheadRule(9, 0, TimeSpan.Zero) }, state, TimeProvider.System);

        Assert.Equal(held, state.Count);
        Assert.Equal([false, true], after.Standing.Select(d => d.IsUsable));
        Assert.Equal(before.Checks.Select(c => c.Key), after.Checks.Select(c => c.Key));
        Assert.False(after.IsOpen);
    }

    [Fact]
    public void Opens_connections_to_names_anew_after_a_minute()
    {
        var dialer = Dialer.ByDns(TimeProvider.System);
        using var named = UpstreamConnections.Handler(
            Orders with { Destinations = [new DestinationAddress(new Uri("https://orders.internal:5101"))] }, dialer);
        using var addressed = UpstreamConnections.Handler(Orders, dialer);

        Assert.Equal(TimeSpan.FromMinutes(1), named.PooledConnectionLifetime);
        Assert.NotNull(named.ConnectCallback);
        Assert.Null(addressed.ConnectCallback);
    }
}
