using Gatehouse.Configuration;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

/// <summary>An upstream's servers, made up for a test that sends nothing to them.</summary>
internal static class Servers
{
    public static Destination[] Of(params int[] busy) => [.. busy.Select((inFlight, i) =>
    {
        var destination = new Destination(Address(i));
        for (var n = 0; n < inFlight; n++) destination.Enter();
        return destination;
    })];

    public static Upstream Upstream(int count, Balance balance = Balance.PowerOfTwoChoices, params int[] weights) => new()
    {
        Name = "orders",
        Destinations = [.. Enumerable.Range(0, count).Select(Address)],
        Weights = weights,
        Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)),
        Balance = balance,
        Protocol = UpstreamProtocol.Http1,
        Authorities = null,
        Place = new Place("test.yaml", 1, 1),
    };

    public static void Eject(this Destination destination, FakeTimeProvider clock) => destination.Eject(TimeSpan.FromDays(1), 1, clock, () => { });

    private static DestinationAddress Address(int index) => new(new Uri($"http://10.0.0.{index + 1}:80"));
}
