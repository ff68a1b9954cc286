using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

/// <summary>Exchanges that wait for a place, and whose route's deadline comes before it.</summary>
public sealed class QueueDeadlineTests : IAsyncLifetime
{
    private static readonly BulkheadRule One = new(1, 1, TimeSpan.FromSeconds(10));
    private readonly PolicyHarness _harness = new();
    private FakeUpstream _service = null!;
    private Bulkhead _places = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _service = await FakeUpstream.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _harness.State.Dispose();
        _harness.Meter.Dispose();
    }

    [Fact]
    public async Task Whoever_waits_is_refused_at_its_deadline()
    {
        var waiting = WaitAsync(_harness.Clock, TimeSpan.FromSeconds(5));
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        _places.Leave(One); // after that

        Assert.Equal(Problems.DeadlineExceeded, await waiting);
        Assert.Equal(0, _places.Inside);
        Assert.Empty(_service.Requests);
    }

    [Fact]
    public async Task Whoever_gets_a_place_after_its_deadline_gives_it_back_and_sends_nothing()
    {
        var waiting = WaitAsync(new LateTimers(_harness.Clock), TimeSpan.FromSeconds(5));
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        _places.Leave(One);

        Assert.Equal(Problems.DeadlineExceeded, await waiting);
        Assert.Equal(0, _places.Inside);
        Assert.Empty(_service.Requests);
    }

    [Fact]
    public async Task Whoever_gets_a_place_when_the_circuit_has_opened_gives_it_back_and_sends_nothing()
    {
        var waiting = WaitAsync(_harness.Clock, TimeSpan.FromSeconds(60));
        var breaker = _harness.State.Get<Breaker>("breaker", $"orders {BreakerRule.Usual}", () => throw new InvalidOperationException());
        for (var i = 0; i < BreakerRule.Usual.Volume; i++) breaker.Ended(1, AttemptEnd.Broken, 0);
        Assert.True(breaker.IsOpen);
        _places.Leave(One);

        Assert.Equal(Problems.CircuitOpen, await waiting);
        Assert.Equal(0, _places.Inside);
        Assert.Empty(_service.Requests);
    }

    [Fact]
    public async Task Whoever_gets_a_place_is_sent_to_who_is_up_by_then()
    {
        var down = new DestinationAddress(new Uri("http://127.0.0.1:9"));
        var served = new DestinationAddress(_service.Address);
        StateOf(served).Eject(TimeSpan.FromSeconds(1), 1, _harness.Clock, () => { });
        var waiting = WaitAsync(_harness.Clock, TimeSpan.FromSeconds(60), down, served);
        _harness.Clock.Advance(TimeSpan.FromSeconds(2)); // it is up again
        StateOf(down).Eject(_harness.Clock);
        _places.Leave(One);

        Assert.Null(await waiting);
        Assert.Single(_service.Requests);
        Assert.Equal(0, _places.Inside);
    }

    [Fact]
    public async Task Whoever_has_more_time_waits_as_long_as_the_upstream_says()
    {
        var waiting = WaitAsync(_harness.Clock, TimeSpan.FromSeconds(60));
        _harness.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(Problems.UpstreamBusy, await waiting);
        Assert.Equal(1, _places.Inside);
    }

    /// <summary>Takes the only place, and has an exchange wait for it. What it is told.</summary>
    private async Task<Problem?> WaitAsync(TimeProvider clock, TimeSpan deadline, params DestinationAddress[] destinations)
    {
        if (destinations.Length == 0) destinations = [new DestinationAddress(_service.Address)];
        var upstream = Servers.Upstream(0) with { Destinations = destinations, AtOnce = One, Breaker = BreakerRule.Usual };
        var client = UpstreamClient.For(upstream, _harness.State, clock);
        _places = _harness.State.Get("bulkhead", upstream.Name, static () => new Bulkhead());
        Assert.True(_places.TryEnter(One));
        var exchange = _harness.Exchange(route: _harness.Route());
        var forwarding = client.ForwardAsync(exchange, new ForwardTerms(deadline, MayUpgrade: false)).AsTask();
        return (await forwarding.WaitAsync(Patience.Limit, Cancel)).Problem;
    }

    private Destination StateOf(DestinationAddress address) =>
        _harness.State.Get("destination", $"orders {address.Text}", () => new Destination(address));

    /// <summary>A clock whose timers are so late that they never fire.</summary>
    private sealed class LateTimers(TimeProvider clock) : ForwardedClock(clock)
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
