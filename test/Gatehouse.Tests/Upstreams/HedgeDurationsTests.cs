using System.Diagnostics.Metrics;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

/// <summary>What is measured of an exchange and its hedge: two attempts, each by itself.</summary>
public sealed class HedgeDurationsTests : IAsyncLifetime
{
    private static readonly TimeSpan After = TimeSpan.FromMilliseconds(20);
    private readonly PolicyHarness _harness = new();
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Measured> _measured = [];
    private readonly MeterListener _listener = new();
    private FakeUpstream _one = null!;
    private FakeUpstream _two = null!;
    private UpstreamClient _client = null!;
    private RepeatPlan _plan = null!;
    private AskedClock _clock = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_one, _two) = (await FakeUpstream.StartAsync(), await FakeUpstream.StartAsync());
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (_harness.Meter.Owns(instrument) && instrument.Name == "http.client.request.duration") self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => Take(seconds, tags));
        _listener.Start();
        var upstream = Servers.Upstream(0, Balance.RoundRobin) with
        {
            Destinations = [new DestinationAddress(_one.Address), new DestinationAddress(_two.Address)],
            Timeouts = new UpstreamTimeouts(TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromHours(1)),
        };
        _client = UpstreamClient.For(upstream, _harness.State, _harness.Clock, http: _harness.Meter.Http);
        _clock = new AskedClock(_harness.Clock);
        _plan = RepeatPlan.For(upstream, _harness.Route(hedgeAfter: After), _harness.State, _clock, _harness.Meter)!;
    }

    public async ValueTask DisposeAsync()
    {
        _answer.TrySetResult();
        _failure.TrySetResult();
        _listener.Dispose();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _harness.State.Dispose();
        _harness.Meter.Dispose();
    }

    [Fact]
    public async Task The_second_is_measured_from_its_own_beginning_and_the_first_until_it_is_cut_off()
    {
        _one.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        _two.Otherwise(_ => _answer.Task);
        var began = _harness.Clock.GetTimestamp();
        var forwarding = ForwardAsync();
        await SecondAsync();
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        _answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        var total = _harness.Clock.GetElapsedTime(began);
        var (first, second) = (Of(_one), Of(_two));
        Assert.Equal(new Measured(_one.Port, total, null, "cut off"), first);
        Assert.Equal((200L, null), (second.Status, second.Error));
        Assert.InRange(second.Took, TimeSpan.FromSeconds(5), total - After);
    }

    [Fact]
    public async Task A_second_that_says_that_it_cannot_is_measured_to_its_answer()
    {
        _one.Otherwise(_ => _answer.Task);
        _two.Otherwise(async http =>
        {
            await _failure.Task;
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        });
        var began = _harness.Clock.GetTimestamp();
        var forwarding = ForwardAsync();
        await SecondAsync();
        await OneFailsAsync();
        _harness.Clock.Advance(TimeSpan.FromSeconds(5));
        _answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        var (first, second) = (Of(_one), Of(_two));
        Assert.Equal(new Measured(_one.Port, _harness.Clock.GetElapsedTime(began), 200, null), first);
        Assert.Equal((503L, "503"), (second.Status, second.Error));
        Assert.InRange(second.Took, TimeSpan.Zero, first.Took - After - TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_first_that_breaks_before_the_second_answers_was_not_cut_off()
    {
        _one.Otherwise(async http =>
        {
            await _failure.Task;
            http.Abort();
        });
        _two.Otherwise(_ => _answer.Task);
        var forwarding = ForwardAsync();
        await SecondAsync();
        await OneFailsAsync();
        _answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        Assert.Equal((null, "no proper answer"), (Of(_one).Status, Of(_one).Error));
        Assert.Equal((200L, null), (Of(_two).Status, Of(_two).Error));
    }

    [Fact]
    public async Task One_that_answers_in_time_is_one_measurement()
    {
        Assert.Equal((200, 1), await ForwardAsync());
        Assert.Equal(new Measured(_one.Port, TimeSpan.Zero, 200, null), Assert.Single(_measured));
    }

    private async Task<(int Status, int Attempts)> ForwardAsync()
    {
        var exchange = _harness.Exchange(route: _harness.Route());
        await _plan.ForwardAsync(_client, exchange, new ForwardTerms(null, MayUpgrade: false));
        return (exchange.Forward.Status, exchange.Forward.Attempts);
    }

    /// <summary>Lets time pass until the second one was asked.</summary>
    private Task SecondAsync() => Eventually.HoldsAsync(
        () =>
        {
            if (_two.Requests.Count > 0) return Task.FromResult(true);
            if (_one.Requests.Count > 0) _harness.Clock.Advance(After);
            return Task.FromResult(false);
        },
        Cancel);

    /// <summary>Lets one of the two fail, and waits until that was noticed: the time of it is looked up.</summary>
    private Task OneFailsAsync()
    {
        var asked = _clock.Asked;
        _failure.SetResult();
        return Eventually.HoldsAsync(() => Task.FromResult(_clock.Asked > asked), Cancel);
    }

    private Measured Of(FakeUpstream upstream)
    {
        lock (_measured) return Assert.Single(_measured, m => m.Port == upstream.Port);
    }

    private void Take(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var measured = new Measured(0, TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond)), null, null);
        foreach (var (name, value) in tags)
            measured = name switch
            {
                "server.port" => measured with { Port = (long)value! },
                "http.response.status_code" => measured with { Status = (long)value! },
                "error.type" => measured with { Error = (string)value! },
                _ => measured,
            };
        lock (_measured) _measured.Add(measured);
    }

    /// <summary>A clock that says how often it was asked.</summary>
    private sealed class AskedClock(TimeProvider clock) : TimeProvider
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            clock.CreateTimer(callback, state, dueTime, period);

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _asked);
            return clock.GetTimestamp();
        }
    }

    private sealed record Measured(long Port, TimeSpan Took, long? Status, string? Error);
}
