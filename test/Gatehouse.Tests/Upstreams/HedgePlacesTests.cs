using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

/// <summary>The places of a bulkhead that an exchange and its hedge have. Each test ends with all of them free.</summary>
public sealed class HedgePlacesTests : HedgedPairTests
{
    private Bulkhead _places = null!;
    private RepeatPlan _plan = null!;
    private UpstreamClient _client = null!;

    [Control("RES-4", "hedges have places too")]
    [Fact]
    public async Task The_second_has_a_place_of_its_own_until_the_first_is_cut_off()
    {
        var inside = 0;
        Begin(most: 2);
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        Two.Otherwise(http =>
        {
            inside = _places.Inside;
            return http.Response.WriteAsync("ok");
        });

        var exchange = await ForwardAsync();

        Assert.Equal((200, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.Equal(2, inside);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task The_first_may_win_after_all()
    {
        Begin(most: 2);
        One.Otherwise(_ => Answer.Task);
        Two.Otherwise(async http =>
        {
            Answer.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        });

        var exchange = await ForwardAsync();

        Assert.Equal((200, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        await AssertFreeAsync();
    }

    [Control("RES-4", "hedges have places too")]
    [Fact]
    public async Task None_is_sent_where_no_place_is_free()
    {
        Begin(most: 1);
        One.Otherwise(_ => Answer.Task);

        var forwarding = ForwardAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(Harness.Meter.RetriesWithheld("orders", "busy").Value == 1), Cancel);
        Assert.Equal(1, _places.Inside);
        Answer.TrySetResult();
        var exchange = await forwarding;

        Assert.Equal((200, 1), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.Empty(Two.Requests);
        Assert.True(_plan.Budget.TryTake(Share.Percent(0))); // it has cost nothing
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Its_place_is_free_at_once_where_the_budget_has_nothing_left()
    {
        Begin(most: 2);
        One.Otherwise(_ => Answer.Task);
        while (_plan.Budget.TryTake(Share.Percent(0)))
        {
        }

        var forwarding = ForwardAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(Harness.Meter.RetriesWithheld("orders", "budget").Value == 1), Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(_places.Inside == 1), Cancel);
        Answer.TrySetResult();

        Assert.Equal(200, (await forwarding).Forward.Status);
        Assert.Empty(Two.Requests);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_when_both_fail()
    {
        Begin(most: 2);
        One.Otherwise(async http =>
        {
            await Answer.Task;
            http.Abort();
        });
        Two.Otherwise(http =>
        {
            http.Abort();
            Answer.TrySetResult();
            return Task.CompletedTask;
        });

        var exchange = await ForwardAsync();

        Assert.Equal((0, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_when_the_second_says_that_it_cannot()
    {
        Begin(most: 2);
        One.Otherwise(_ => Answer.Task);
        Two.Otherwise(http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.OnCompleted(() =>
            {
                Answer.TrySetResult();
                return Task.CompletedTask;
            });
            return Task.CompletedTask;
        });

        Assert.Equal(200, (await ForwardAsync()).Forward.Status);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_when_the_client_leaves()
    {
        Begin(most: 2);
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        Two.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var leaves = new CancellationTokenSource();

        var forwarding = ForwardAsync(e => e.Http.RequestAborted = leaves.Token);
        await Two.NextAsync(Cancel);
        Assert.Equal(2, _places.Inside);
        await leaves.CancelAsync();

        await forwarding;
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_and_the_first_is_cut_off_when_the_second_cannot_be_made()
    {
        Begin(most: 2);
        One.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));

        var exchange = await ForwardAsync(static e => e.AssertAnew = static _ => throw new InvalidOperationException("no key"));

        Assert.Equal(0, exchange.Forward.Status);
        Assert.Empty(Two.Requests);
        var first = await One.NextAsync(Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(first.Aborted.IsCancellationRequested), Cancel);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task None_is_counted_where_the_callers_assertion_cannot_be_made_anew()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Begin(most: 2);
        One.Otherwise(_ => Answer.Task);

        var forwarding = ForwardAsync(e => e.AssertAnew = _ =>
        {
            asked.TrySetResult();
            return null;
        });
        await asked.Task.WaitAsync(Patience.Limit, Cancel);
        Answer.TrySetResult();
        var exchange = await forwarding;

        Assert.Equal((200, 1), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.Empty(Two.Requests);
        Assert.Equal(0, Harness.Meter.Retries("orders", "hedge").Value);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task None_is_taken_whileAnswers_come_in_time()
    {
        Begin(most: 1, after: TimeSpan.FromMinutes(1));

        var exchange = await ForwardAsync();

        Assert.Equal((200, 1), (exchange.Forward.Status, exchange.Forward.Attempts));
        await AssertFreeAsync();
    }

    private void Begin(int most, TimeSpan? after = null)
    {
        var upstream = Both(Patience.Limit) with { AtOnce = new BulkheadRule(most, 0, TimeSpan.Zero) };
        _client = UpstreamClient.For(upstream, Harness.State, TimeProvider.System);
        _places = Harness.State.Get("bulkhead", upstream.Name, static () => new Bulkhead());
        var route = Harness.Route(hedgeAfter: after ?? TimeSpan.FromMilliseconds(20));
        _plan = RepeatPlan.For(upstream, route, Harness.State, TimeProvider.System, Harness.Meter)!;
    }

    private async Task<Exchange> ForwardAsync(Action<Exchange>? before = null)
    {
        var exchange = Harness.Exchange(route: Harness.Route());
        before?.Invoke(exchange);
        await _plan.ForwardAsync(_client, exchange, new ForwardTerms(null, MayUpgrade: false));
        return exchange;
    }

    /// <summary>As many as have entered have left: a place that was given back twice would show as less than none.</summary>
    private async Task AssertFreeAsync()
    {
        var inARow = 0; // one that is given back late is waited for, and one that is given back twice does not go unseen
        await Eventually.HoldsAsync(() => Task.FromResult((inARow = _places.Inside == 0 ? inARow + 1 : 0) == 5), Cancel);
        Assert.All(_client.Standing, d => Assert.True(d.IsUsable));
    }
}
