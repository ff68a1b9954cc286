using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Upstreams;

/// <summary>The places of a bulkhead that an exchange and its hedge have. Each test ends with all of them free.</summary>
public sealed class HedgePlacesTests : IAsyncDisposable
{
    private readonly PolicyHarness _harness = new();
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeUpstream _one = null!;
    private FakeUpstream _two = null!;
    private Bulkhead _places = null!;
    private RepeatPlan _plan = null!;
    private UpstreamClient _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _answer.TrySetResult();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _harness.State.Dispose();
        _harness.Meter.Dispose();
    }

    [Control("RES-4", "hedges have places too")]
    [Fact]
    public async Task The_second_has_a_place_of_its_own_until_the_first_is_cut_off()
    {
        var inside = 0;
        await BeginAsync(most: 2);
        _one.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        _two.Otherwise(http =>
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
        await BeginAsync(most: 2);
        _one.Otherwise(_ => _answer.Task);
        _two.Otherwise(async http =>
        {
            _answer.TrySetResult();
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
        await BeginAsync(most: 1);
        _one.Otherwise(_ => _answer.Task);

        var forwarding = ForwardAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(_harness.Meter.RetriesWithheld("orders", "busy").Value == 1), Cancel);
        Assert.Equal(1, _places.Inside);
        _answer.TrySetResult();
        var exchange = await forwarding;

        Assert.Equal((200, 1), (exchange.Forward.Status, exchange.Forward.Attempts));
        Assert.Empty(_two.Requests);
        Assert.True(_plan.Budget.TryTake(Share.Percent(0))); // it has cost nothing
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Its_place_is_free_at_once_where_the_budget_has_nothing_left()
    {
        await BeginAsync(most: 2);
        _one.Otherwise(_ => _answer.Task);
        while (_plan.Budget.TryTake(Share.Percent(0)))
        {
        }

        var forwarding = ForwardAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(_harness.Meter.RetriesWithheld("orders", "budget").Value == 1), Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(_places.Inside == 1), Cancel);
        _answer.TrySetResult();

        Assert.Equal(200, (await forwarding).Forward.Status);
        Assert.Empty(_two.Requests);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_when_both_fail()
    {
        await BeginAsync(most: 2);
        _one.Otherwise(async http =>
        {
            await _answer.Task;
            http.Abort();
        });
        _two.Otherwise(http =>
        {
            http.Abort();
            _answer.TrySetResult();
            return Task.CompletedTask;
        });

        var exchange = await ForwardAsync();

        Assert.Equal((0, 2), (exchange.Forward.Status, exchange.Forward.Attempts));
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_when_the_second_says_that_it_cannot()
    {
        await BeginAsync(most: 2);
        _one.Otherwise(_ => _answer.Task);
        _two.Otherwise(http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.OnCompleted(() =>
            {
                _answer.TrySetResult();
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
        await BeginAsync(most: 2);
        _one.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        _two.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var leaves = new CancellationTokenSource();

        var forwarding = ForwardAsync(e => e.Http.RequestAborted = leaves.Token);
        await _two.NextAsync(Cancel);
        Assert.Equal(2, _places.Inside);
        await leaves.CancelAsync();

        await forwarding;
        await AssertFreeAsync();
    }

    [Fact]
    public async Task Both_are_free_and_the_first_is_cut_off_when_the_second_cannot_be_made()
    {
        await BeginAsync(most: 2);
        _one.Otherwise(static http => Task.Delay(Timeout.Infinite, http.RequestAborted));

        var exchange = await ForwardAsync(static e => e.AssertAnew = static _ => throw new InvalidOperationException("no key"));

        Assert.Equal(0, exchange.Forward.Status);
        Assert.Empty(_two.Requests);
        var first = await _one.NextAsync(Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(first.Aborted.IsCancellationRequested), Cancel);
        await AssertFreeAsync();
    }

    [Fact]
    public async Task None_is_taken_while_answers_come_in_time()
    {
        await BeginAsync(most: 1, after: TimeSpan.FromMinutes(1));

        var exchange = await ForwardAsync();

        Assert.Equal((200, 1), (exchange.Forward.Status, exchange.Forward.Attempts));
        await AssertFreeAsync();
    }

    private async Task BeginAsync(int most, TimeSpan? after = null)
    {
        (_one, _two) = (await FakeUpstream.StartAsync(), await FakeUpstream.StartAsync());
        var upstream = Servers.Upstream(0, Balance.RoundRobin) with
        {
            Destinations = [new DestinationAddress(_one.Address), new DestinationAddress(_two.Address)],
            AtOnce = new BulkheadRule(most, 0, TimeSpan.Zero),
            Timeouts = new UpstreamTimeouts(Patience.Limit, Patience.Limit, Patience.Limit),
        };
        _client = UpstreamClient.For(upstream, _harness.State, TimeProvider.System);
        _places = _harness.State.Get("bulkhead", upstream.Name, static () => new Bulkhead());
        var route = _harness.Route(hedgeAfter: after ?? TimeSpan.FromMilliseconds(20));
        _plan = RepeatPlan.For(upstream, route, _harness.State, TimeProvider.System, _harness.Meter)!;
    }

    private async Task<Exchange> ForwardAsync(Action<Exchange>? before = null)
    {
        var exchange = _harness.Exchange(route: _harness.Route());
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
