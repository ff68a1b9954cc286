using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

public sealed class BalancerTests
{
    [Fact]
    public void Round_robin_gives_every_destination_its_turn()
    {
        var balancer = new Balancer(Balance.RoundRobin, Destinations(3), new Random(1));

        Assert.Equal([0, 1, 2, 0, 1, 2, 0], Enumerable.Range(0, 7).Select(_ => balancer.Choose()));
    }

    [Theory]
    [InlineData(new[] { 2, 1, 3 }, 1)]
    [InlineData(new[] { 5, 5, 4 }, 2)]
    [InlineData(new[] { 0, 1, 1 }, 0)]
    public void Least_requests_takes_the_least_busy_from_wherever_it_begins(int[] busy, int expected)
    {
        var balancer = new Balancer(Balance.LeastRequests, Destinations(busy), new Random(1));

        for (var i = 0; i < 6; i++) Assert.Equal(expected, balancer.Choose());
    }

    [Fact]
    public void Least_requests_takes_turns_among_equals()
    {
        var balancer = new Balancer(Balance.LeastRequests, Destinations(4), new Random(1));

        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 4).Select(_ => balancer.Choose()).Order());
    }

    [Fact]
    public void Power_of_two_choices_never_takes_the_busiest_and_uses_all_others()
    {
        var balancer = new Balancer(Balance.PowerOfTwoChoices, Destinations([1, 9, 1, 1]), new Random(1));

        var chosen = Enumerable.Range(0, 1000).Select(_ => balancer.Choose()).CountBy(i => i).ToDictionary();

        Assert.False(chosen.ContainsKey(1));
        Assert.All([0, 2, 3], i => Assert.InRange(chosen[i], 200, 500));
    }

    [Theory]
    [InlineData(nameof(Balance.RoundRobin))]
    [InlineData(nameof(Balance.LeastRequests))]
    [InlineData(nameof(Balance.PowerOfTwoChoices))]
    public void One_destination_is_always_chosen_and_nothing_is_allocated(string balance)
    {
        var one = new Balancer(Enum.Parse<Balance>(balance), Destinations(1), new Random(1));
        var several = new Balancer(Enum.Parse<Balance>(balance), Destinations([3, 2, 1]), new Random(1));
        several.Choose();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) several.Choose();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, one.Choose());
        Assert.Equal(0, allocated);
    }

    private static Destination[] Destinations(int count) => Destinations(new int[count]);

    private static Destination[] Destinations(int[] busy) => [.. busy.Select((inFlight, i) =>
    {
        var destination = new Destination(new DestinationAddress(new Uri($"http://10.0.0.{i + 1}:80")));
        for (var n = 0; n < inFlight; n++) destination.Enter();
        return destination;
    })];
}
