using System.Diagnostics.Metrics;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

/// <summary>What is measured of an exchange and its hedge: two attempts, each by itself.</summary>
public sealed class HedgeDurationsTests : HedgedPairTests
{
    private static readonly TimeSpan After = TimeSpan.FromMilliseconds(20);
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Measured> _measured = [];
    private readonly MeterListener _listener = new();
    private UpstreamClient _client = null!;
    private RepeatPlan _plan = null!;
    private AskedClock _clock = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (Harness.Meter.Owns(instrument) && instrument.Name == "http.client.request.duration") self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => Take(seconds, tags));
        _listener.Start();
        var upstream = Both(TimeSpan.FromHours(1));
        _client = UpstreamClient.For(upstream, Harness.State, Harness.Clock, http: Harness.Meter.Http);
        _clock = new AskedClock(Harness.Clock);
        _plan = RepeatPlan.For(upstream, Harness.Route(hedgeAfter: After), Harness.State, _clock, Harness.Meter)!;
    }

    public override async ValueTask DisposeAsync()
    {
        _failure.TrySetResult();
        _listener.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task The_second_is_measured_from_its_own_beginning_and_the_first_until_it_is_cut_off()
    {
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        Two.Otherwise(_ => Answer.Task);
        var began = Harness.Clock.GetTimestamp();
        var forwarding = ForwardAsync();
        await SecondAsync();
        Harness.Clock.Advance(TimeSpan.FromSeconds(5));
        Answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        var total = Harness.Clock.GetElapsedTime(began);
        var (first, second) = (Of(One), Of(Two));
        Assert.Equal(new Measured(One.Port, total, null, "cut off"), first);
        Assert.Equal((200L, null), (second.Status, second.Error));
        Assert.InRange(second.Took, TimeSpan.FromSeconds(5), total - After);
    }

    [Fact]
    public async Task A_second_that_says_that_it_cannot_is_measured_to_itsAnswer()
    {
        One.Otherwise(_ => Answer.Task);
        Two.Otherwise(async http =>
        {
            await _failure.Task;
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        });
        var began = Harness.Clock.GetTimestamp();
        var forwarding = ForwardAsync();
        await SecondAsync();
        await OneFailsAsync();
        Harness.Clock.Advance(TimeSpan.FromSeconds(5));
        Answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        var (first, second) = (Of(One), Of(Two));
        Assert.Equal(new Measured(One.Port, Harness.Clock.GetElapsedTime(began), 200, null), first);
        Assert.Equal((503L, "503"), (second.Status, second.Error));
        Assert.InRange(second.Took, TimeSpan.Zero, first.Took - After - TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_first_that_breaks_before_the_secondAnswers_was_not_cut_off()
    {
        One.Otherwise(async http =>
        {
            await _failure.Task;
            http.Abort();
        });
        Two.Otherwise(_ => Answer.Task);
        var forwarding = ForwardAsync();
        await SecondAsync();
        await OneFailsAsync();
        Answer.TrySetResult();

        Assert.Equal((200, 2), await forwarding);

        Assert.Equal((null, "no proper answer"), (Of(One).Status, Of(One).Error));
        Assert.Equal((200L, null), (Of(Two).Status, Of(Two).Error));
    }

    [Fact]
    public async Task One_thatAnswers_in_time_is_one_measurement()
    {
        Assert.Equal((200, 1), await ForwardAsync());
        Assert.Equal(new Measured(One.Port, TimeSpan.Zero, 200, null), Assert.Single(_measured));
    }

    private async Task<(int Status, int Attempts)> ForwardAsync()
    {
        var exchange = Harness.Exchange(route: Harness.Route());
        await _plan.ForwardAsync(_client, exchange, new ForwardTerms(null, MayUpgrade: false));
        return (exchange.Forward.Status, exchange.Forward.Attempts);
    }

    /// <summary>Lets time pass until the second one was asked.</summary>
    private Task SecondAsync() => Eventually.HoldsAsync(
        () =>
        {
            if (Two.Requests.Count > 0) return Task.FromResult(true);
            if (One.Requests.Count > 0) Harness.Clock.Advance(After);
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
    private sealed class AskedClock(TimeProvider clock) : ForwardedClock(clock)
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _asked);
            return base.GetTimestamp();
        }
    }

    private sealed record Measured(long Port, TimeSpan Took, long? Status, string? Error);
}
