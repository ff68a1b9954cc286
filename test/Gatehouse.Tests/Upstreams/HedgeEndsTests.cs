using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

/// <summary>How the two attempts of an exchange and its hedge are judged: each once, and none that was cut off.</summary>
public sealed class HedgeEndsTests : HedgedPairTests
{
    private static readonly TimeSpan After = TimeSpan.FromMilliseconds(20);
    private static readonly EjectionRule AtOnce = EjectionRule.Usual with { After = 1 };
    private volatile bool _refused;

    [Fact]
    public async Task A_second_that_says_that_it_cannot_has_failed()
    {
        One.Otherwise(_ => Answer.Task);
        Two.Otherwise(RefuseAsync);

        await AssertStandingAsync([true, false]);
    }

    [Fact]
    public async Task A_first_that_says_so_while_the_second_is_waited_for_has_too()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        One.Otherwise(async http =>
        {
            await asked.Task;
            await RefuseAsync(http);
        });
        Two.Otherwise(_ =>
        {
            asked.TrySetResult();
            return Answer.Task;
        });

        await AssertStandingAsync([false, true]);
    }

    [Fact]
    public async Task One_that_is_cut_off_has_not()
    {
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));

        await AssertStandingAsync([true, true]);
    }

    [Fact]
    public async Task A_second_that_answers_quickly_is_not_slow_because_the_first_was()
    {
        var (after, clock) = (TimeSpan.FromSeconds(2), new AwaitedClock(Harness.Clock));
        var upstream = Both(TimeSpan.FromHours(1)) with
        {
            Breaker = BreakerRule.Usual with { Volume = 1, Slow = TimeSpan.FromSeconds(1) },
        };
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        var client = UpstreamClient.For(upstream, Harness.State, Harness.Clock);
        var plan = RepeatPlan.For(upstream, Harness.Route(hedgeAfter: after), Harness.State, clock, Harness.Meter)!;

        var exchange = Harness.Exchange(route: Harness.Route());
        var forwarding = plan.ForwardAsync(client, exchange, new ForwardTerms(null, MayUpgrade: false)).AsTask();
        await clock.Awaited.WaitAsync(Patience.Limit, Cancel);
        Harness.Clock.Advance(after);
        await forwarding.WaitAsync(Patience.Limit, Cancel);

        Assert.Equal((200, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.False(client.IsOpen);
    }

    [Fact]
    public async Task Where_both_fail_nothing_is_sent_again_because_one_of_them_was_never_connected()
    {
        await using var deaf = RawUpstream.Start(_ => Answer.Task); // says nothing of TLS, and closes
        await using var broken = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            Answer.TrySetResult();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-");
        });
        var upstream = Both(Patience.Limit) with
        {
            Destinations = [new DestinationAddress(new UriBuilder(deaf.Address) { Scheme = "https" }.Uri), new DestinationAddress(broken.Address)],
        };

        var (exchange, verdict) = await ForwardAsync(UpstreamClient.For(upstream, Harness.State, TimeProvider.System), upstream);

        Assert.Equal(Problems.UpstreamFailed, verdict.Problem);
        Assert.Equal((1, 2), (broken.Connections, exchange.Forward.Attempts));
        Assert.True(exchange.Forward.MayHaveArrived);
    }

    /// <summary>The other one answers when this has been heard.</summary>
    private Task RefuseAsync(HttpContext http)
    {
        _refused = true;
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }

    /// <summary>Forwards one exchange, which is answered, and looks which destinations are still in use.</summary>
    private async Task AssertStandingAsync(bool[] expected)
    {
        var upstream = Both(Patience.Limit) with { Ejection = AtOnce };
        var client = UpstreamClient.For(upstream, Harness.State, TimeProvider.System);

        var clock = new HeardClock(() =>
        {
            if (_refused) Answer.TrySetResult();
        });
        var (exchange, _) = await ForwardAsync(client, upstream, clock);

        Assert.Equal((200, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.Equal(expected, client.Standing.Select(d => d.IsUsable));
    }

    private async Task<(Exchange Exchange, Verdict Verdict)> ForwardAsync(
        UpstreamClient client, Upstream upstream, TimeProvider? clock = null)
    {
        var plan = RepeatPlan.For(upstream, Harness.Route(hedgeAfter: After), Harness.State, clock ?? TimeProvider.System, Harness.Meter)!;
        var exchange = Harness.Exchange(route: Harness.Route());
        return (exchange, await plan.ForwardAsync(client, exchange, new ForwardTerms(null, MayUpgrade: false)));
    }

    /// <summary>A clock that says when somebody waits for it.</summary>
    private sealed class AwaitedClock(TimeProvider clock) : ForwardedClock(clock)
    {
        private readonly TaskCompletionSource _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Awaited => _awaited.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _awaited.TrySetResult();
            return timer;
        }
    }

    /// <summary>A clock that says when somebody reads it: who has heard an answer notes when.</summary>
    private sealed class HeardClock(Action heard) : ForwardedClock(TimeProvider.System)
    {
        public override long GetTimestamp()
        {
            heard();
            return base.GetTimestamp();
        }
    }
}
