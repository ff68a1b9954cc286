using Gatehouse.Pipeline;
using Gatehouse.Policies.Authorize;
using Gatehouse.Services;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Policies.Authorize;

/// <summary>What becomes of a question while time passes, and while the declaration is replaced.</summary>
public sealed class AuthorizePolicyTests : IAsyncLifetime
{
    private static readonly TimeSpan Cache = TimeSpan.FromSeconds(5);

    private readonly PolicyHarness _harness = new();
    private FakeUpstream _pdp = null!;
    private Policy _policy = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _pdp = await FakeUpstream.StartAsync();
        _harness.Authorisers["pdp"] = new Authoriser("pdp", new ServiceEndpoint(_pdp.Address, null, TimeSpan.FromMinutes(1)), null, Cache);
        _policy = _harness.Compile(new AuthorizeKind(), "authorize: { by: pdp, action: orders.read, resource: { type: order, id: all } }")!;
    }

    public async ValueTask DisposeAsync()
    {
        _harness.State.Dispose();
        await _pdp.DisposeAsync();
    }

    [Fact]
    [Control("AZN-6", "what an authoriser has said")]
    public async Task A_late_yes_does_not_stand_for_the_no_that_was_asked_for_later()
    {
        var late = new TaskCompletionSource();
        _pdp.Otherwise(async http =>
        {
            await late.Task;
            await AnswerAsync(http, "true");
        });
        var first = AskAsync();
        await _pdp.NextAsync(Cancel);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        _pdp.Otherwise(http => AnswerAsync(http, "false"));
        Assert.Same(Problems.Forbidden, (await AskAsync()).Problem);
        late.SetResult();
        Assert.Null((await first).Problem); // what it was told
        Assert.Same(Problems.Forbidden, (await AskAsync()).Problem); // what is remembered
        Assert.Equal(2, _pdp.Requests.Count);
    }

    [Fact]
    public async Task An_answer_is_used_for_as_long_as_is_written_from_the_asking_on()
    {
        _pdp.Otherwise(http =>
        {
            _harness.Clock.Advance(TimeSpan.FromSeconds(3));
            return AnswerAsync(http, "true");
        });
        Assert.Null((await AskAsync()).Problem);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Null((await AskAsync()).Problem);
        Assert.Single(_pdp.Requests);
        _harness.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Null((await AskAsync()).Problem);
        Assert.Equal(2, _pdp.Requests.Count);
    }

    [Fact]
    [Control("AZN-1")]
    public async Task What_waits_for_its_turn_while_reloads_replace_the_authoriser_is_refused_like_any_without_an_answer()
    {
        var open = new TaskCompletionSource();
        _pdp.Otherwise(async http =>
        {
            await open.Task;
            await AnswerAsync(http, "true");
        });
        var asked = Enumerable.Range(0, ServiceClient.MostAtOnce).Select(_ => AskAsync()).ToList();
        await Eventually.HoldsAsync(() => Task.FromResult(_pdp.Requests.Count == ServiceClient.MostAtOnce), Cancel);
        var waiting = AskAsync();
        for (var swap = 0; swap < 3; swap++) _harness.State.Sweep();
        Assert.Equal(0, _harness.State.Count);

        open.SetResult();

        Assert.All(await Task.WhenAll(asked), v => Assert.Null(v.Problem));
        var refused = await waiting;
        Assert.Equal(
            (Problems.AuthorisationUnavailable, "the declaration that names the service is gone"), (refused.Problem, refused.Reason));
        Assert.Same(Problems.AuthorisationUnavailable, (await AskAsync("10.0.0.1")).Problem); // another question, of an exchange that began before
        Assert.Equal(ServiceClient.MostAtOnce, _pdp.Requests.Count);
    }

    private static Task AnswerAsync(HttpContext http, string decision)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync($$"""{"decision":{{decision}}}""");
    }

    private Task<Verdict> AskAsync(string peer = "127.0.0.1") =>
        _policy.OnRequestAsync(_harness.Exchange(peer: peer, route: _harness.Route())).AsTask();
}
