using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.UpstreamToken;
using Gatehouse.Services;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Policies.UpstreamToken;

/// <summary>For how long an upstream's token serves, and what becomes of an exchange while the declaration is replaced.</summary>
public sealed class UpstreamTokenPolicyTests : IAsyncLifetime
{
    private readonly PolicyHarness _harness = new();
    private FakeUpstream _issuer = null!;
    private Policy _policy = null!;
    private int _given;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _issuer = await FakeUpstream.StartAsync();
        _issuer.Otherwise(GiveAsync);
        var endpoint = new ServiceEndpoint(_issuer.Address, null, TimeSpan.FromMinutes(1));
        _harness.TokenExchanges["orders"] = new TokenExchange(
            "orders", endpoint, "gate", new Secret("file:x", [1]), "orders", ["orders.read"], ClientWhenNone: false);
        var kind = new UpstreamTokenKind();
        _policy = kind.Compile(_harness.Route(), _harness.Context)!;
    }

    public async ValueTask DisposeAsync()
    {
        _harness.State.Dispose();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task A_token_serves_no_longer_than_the_callers_own()
    {
        var ends = _harness.Clock.GetUtcNow() + TimeSpan.FromSeconds(30);
        Assert.Equal("Bearer given-1", await TokenAsync("a", ends));
        Assert.Equal("Bearer given-2", await TokenAsync("b", null)); // nobody knows when that one ends
        _harness.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("Bearer given-1", await TokenAsync("a", ends));
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Bearer given-2", await TokenAsync("b", null));
        Assert.Equal("Bearer given-3", await TokenAsync("a", ends));
        Assert.Equal("Bearer given-4", await TokenAsync("a", ends)); // nothing is left of its life: it is not kept
    }

    [Fact]
    public async Task Its_life_counts_from_the_asking()
    {
        _issuer.Otherwise(http =>
        {
            _harness.Clock.Advance(TimeSpan.FromSeconds(20));
            return GiveAsync(http);
        });
        var ends = _harness.Clock.GetUtcNow() + TimeSpan.FromHours(1);
        Assert.Equal("Bearer given-1", await TokenAsync("a", ends));
        _harness.Clock.Advance(TimeSpan.FromSeconds(69));
        Assert.Equal("Bearer given-1", await TokenAsync("a", ends));
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Bearer given-2", await TokenAsync("a", ends));
    }

    [Fact]
    public async Task A_token_that_does_not_say_how_long_it_is_good_is_not_kept()
    {
        _issuer.Otherwise(http => GiveAsync(http, ""));
        Assert.Equal("Bearer given-1", await TokenAsync("a", null));
        Assert.Equal("Bearer given-2", await TokenAsync("a", null));
    }

    [Fact]
    public async Task What_waits_for_its_turn_while_reloads_replace_the_endpoint_is_refused_and_nothing_fails_unheard()
    {
        var unheard = new ConcurrentQueue<string>();
        void Hear(object? sender, UnobservedTaskExceptionEventArgs e) => unheard.Enqueue(e.Exception.ToString());
        TaskScheduler.UnobservedTaskException += Hear;
        try
        {
            var refused = await ReplaceAsync();
            FailUnheard();
            await Eventually.HoldsAsync(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return Task.FromResult(unheard.Any(e => e.Contains(nameof(FailUnheard), StringComparison.Ordinal)));
                },
                Cancel);
            Assert.DoesNotContain(unheard, e => e.Contains(nameof(TokenExchangeClient), StringComparison.Ordinal));
            Assert.Equal((Problems.IdentityUnavailable, "the declaration that names the service is gone"), (refused.Problem, refused.Reason));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Hear;
        }
    }

    /// <summary>What becomes of the one that waits.</summary>
    private async Task<Verdict> ReplaceAsync()
    {
        var open = new TaskCompletionSource();
        _issuer.Otherwise(async http =>
        {
            await open.Task;
            await GiveAsync(http);
        });
        var asked = Enumerable.Range(0, ServiceClient.MostAtOnce).Select(i => AskAsync(Exchange($"{i}", null))).ToList();
        await Eventually.HoldsAsync(() => Task.FromResult(_issuer.Requests.Count == ServiceClient.MostAtOnce), Cancel);
        var waiting = AskAsync(Exchange("late", null));
        for (var swap = 0; swap < 3; swap++) _harness.State.Sweep();
        Assert.Equal(0, _harness.State.Count);
        open.SetResult();
        Assert.All(await Task.WhenAll(asked), v => Assert.Null(v.Problem));
        return await waiting;
    }

    /// <summary>Shows that a task that fails unheard would be heard of here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailUnheard() => _ = Task.FromException(new InvalidOperationException(nameof(FailUnheard)));

    private Task GiveAsync(HttpContext http) => GiveAsync(http, ",\"expires_in\":100");

    private Task GiveAsync(HttpContext http, string more)
    {
        var token = $"given-{Interlocked.Increment(ref _given)}";
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(
            $$"""
            {"access_token":"{{token}}","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"{{more}}}
            """);
    }

    private async Task<string?> TokenAsync(string presented, DateTimeOffset? ends)
    {
        var exchange = Exchange(presented, ends);
        Assert.Null((await AskAsync(exchange)).Problem);
        return exchange.RequestHeaders.Authorization;
    }

    private Exchange Exchange(string presented, DateTimeOffset? ends)
    {
        var exchange = _harness.Exchange(route: _harness.Route());
        (exchange.PresentedToken, exchange.PresentedTokenEnds) = (presented, ends);
        return exchange;
    }

    private Task<Verdict> AskAsync(Exchange exchange) => _policy.OnRequestAsync(exchange).AsTask();
}
