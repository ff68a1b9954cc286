using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class BreakerTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly GatehouseMeter _meter = new();
    private readonly Breaker _breaker;

    public BreakerTests() => _breaker = Of(Rule);

    private static BreakerRule Rule { get; } =
        new(Share.Percent(50), 10, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), 2, TimeSpan.FromSeconds(1));

    public void Dispose() => _meter.Dispose();

    [Control("RES-2")]
    [Fact]
    public void Opens_when_the_declared_part_of_enough_attempts_has_failed()
    {
        Have(AttemptEnd.Good, 5);
        Have(AttemptEnd.Broken, 4);
        Assert.False(_breaker.IsOpen); // 4 of 9: too few to decide
        Have(AttemptEnd.TimedOut, 1);

        Assert.True(_breaker.IsOpen);
        var refused = new ForwardState();
        Assert.False(_breaker.TryEnter(refused));
        Assert.InRange(refused.RetrySeconds, 5, 6);
        Assert.Equal(1, _meter.UpstreamChanges("orders", "opened").Value);
    }

    [Control("RES-2")]
    [Fact]
    public void Stays_closed_below_that_and_forgets_what_is_long_ago()
    {
        Have(AttemptEnd.Good, 6);
        Have(AttemptEnd.Unavailable, 5);
        Assert.False(_breaker.IsOpen);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Have(AttemptEnd.NotConnected, 9);

        Assert.False(_breaker.IsOpen);
    }

    [Control("RES-2")]
    [Fact]
    public void Lets_a_few_through_after_the_pause_and_closes_when_they_go_well()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(4.4));
        Assert.False(_breaker.TryEnter(new ForwardState()));
        _clock.Advance(TimeSpan.FromSeconds(1.2)); // the pause is a tenth longer or shorter

        var (one, other) = (Enter(), Enter());
        Assert.False(_breaker.TryEnter(new ForwardState()));
        Assert.True(_breaker.IsOpen);
        _breaker.Ended(one, AttemptEnd.Good, 0);
        Assert.False(_breaker.TryEnter(new ForwardState()));
        _breaker.Ended(other, AttemptEnd.Good, 0);

        Assert.False(_breaker.IsOpen);
        Have(AttemptEnd.Broken, 9); // what was counted before is forgotten
        Assert.False(_breaker.IsOpen);
        Assert.Equal(1, _meter.UpstreamChanges("orders", "half-opened").Value);
        Assert.Equal(1, _meter.UpstreamChanges("orders", "closed").Value);
    }

    [Control("RES-2")]
    [Fact]
    public void Opens_again_when_one_of_them_fails()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6));
        var (one, other) = (Enter(), Enter());

        _breaker.Ended(one, AttemptEnd.TimedOut, 0);
        _breaker.Ended(other, AttemptEnd.Good, 0);

        Assert.False(_breaker.TryEnter(new ForwardState()));
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True(_breaker.TryEnter(new ForwardState()));
    }

    [Fact]
    public void Hears_nothing_of_what_began_before_it_changed()
    {
        var early = Enumerable.Range(0, 20).Select(_ => Enter()).ToList();
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6));
        Enter();

        foreach (var phase in early) _breaker.Ended(phase, AttemptEnd.Good, 0);
        Assert.True(_breaker.IsOpen);
    }

    [Fact]
    public void A_probe_that_says_nothing_gives_its_place_to_another()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6));
        var (one, _) = (Enter(), Enter());

        _breaker.Ended(one, AttemptEnd.Unjudged, 0);

        Assert.True(_breaker.TryEnter(new ForwardState()));
        Assert.False(_breaker.TryEnter(new ForwardState()));
    }

    [Fact]
    public void Probes_that_are_never_heard_of_do_not_keep_it_open_for_ever()
    {
        Open();
        _clock.Advance(TimeSpan.FromSeconds(6));
        Enter();
        Enter();

        Assert.False(_breaker.TryEnter(new ForwardState()));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_breaker.TryEnter(new ForwardState()));
    }

    [Control("RES-2")]
    [Fact]
    public void Slow_answers_count_as_failures_where_that_is_declared()
    {
        var lenient = Of(Rule with { Slow = null });
        var slow = (long)(1.5 * _clock.TimestampFrequency);
        for (var i = 0; i < 10; i++)
        {
            _breaker.Ended(Enter(), AttemptEnd.Good, slow);
            lenient.Ended(1, AttemptEnd.Good, slow);
        }

        Assert.True(_breaker.IsOpen);
        Assert.False(lenient.IsOpen);
    }

    [Fact]
    public void What_says_nothing_of_a_destination_is_not_counted()
    {
        Have(AttemptEnd.Unjudged, 100);
        Have(AttemptEnd.Broken, 9);

        Assert.False(_breaker.IsOpen);
    }

    private Breaker Of(BreakerRule rule) => new(rule, new UpstreamNews("orders", null, _meter), _clock, new Random(1));

    private void Open()
    {
        Have(AttemptEnd.Broken, 10);
        Assert.True(_breaker.IsOpen);
    }

    private void Have(AttemptEnd end, int times)
    {
        for (var i = 0; i < times; i++) _breaker.Ended(Enter(), end, 0);
    }

    private int Enter()
    {
        var forward = new ForwardState();
        Assert.True(_breaker.TryEnter(forward));
        return forward.Phase;
    }
}
