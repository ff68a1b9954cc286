using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Suspensions;
using Gatehouse.Register;
using Gatehouse.TestKit;
using Gatehouse.Tests.Policies.Identify;

namespace Gatehouse.Tests.Policies.Suspensions;

public sealed class SuspensionsPolicyTests : IAsyncDisposable
{
    private readonly PolicyHarness _harness = new();
    private readonly TestRegister _register;
    private readonly Consumer _consumer = Proofs.Consumer("web-shop");

    public SuspensionsPolicyTests() => _register = new TestRegister(_harness.Clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _register.DisposeAsync();

    [Fact]
    public void There_is_none_where_there_is_no_register() =>
        Assert.Null(new SuspensionsKind().Compile(_harness.Route(), _harness.Context));

    [Fact]
    public async Task What_is_not_suspended_passes()
    {
        await _register.SuspendAsync(SuspendedKind.Consumer, "newsletter", Cancel);
        await _register.SuspendAsync(SuspendedKind.Route, "orders/put-order", Cancel);
        Assert.Null((await DecideAsync(await CompileAsync())).Problem);
    }

    [Fact]
    public async Task A_suspended_consumer_is_refused_until_the_end_that_was_given()
    {
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel, TimeSpan.FromMinutes(5));
        var policy = await CompileAsync();
        var verdict = await DecideAsync(policy);
        Assert.Same(Problems.ConsumerSuspended, verdict.Problem);
        Assert.Equal("the consumer is suspended", verdict.Reason);
        _harness.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Null((await DecideAsync(policy)).Problem);
    }

    [Fact]
    public async Task A_suspended_route_is_refused_to_everybody_who_may_call_it_and_passes_when_it_is_resumed()
    {
        await _register.SuspendAsync(SuspendedKind.Route, "orders/get-order", Cancel);
        var policy = await CompileAsync();
        Assert.Same(Problems.RouteSuspended, (await DecideAsync(policy)).Problem);
        var resumed = new Ending(_harness.Clock.GetUtcNow(), "ben", "mended");
        await _register.ChangeAsync(c => RegisterEdit.Resume(c, SuspendedKind.Route, "orders/get-order", resumed), Cancel);
        await _register.CatchUpAsync(Cancel);
        Assert.Null((await DecideAsync(policy)).Problem);
    }

    [Fact]
    public async Task Nothing_passes_while_nothing_was_ever_read()
    {
        _harness.Register = _register.Known;
        Assert.Same(Problems.IdentityUnavailable, (await DecideAsync(Compile())).Problem);
    }

    private async Task<Policy> CompileAsync()
    {
        _harness.Register = await _register.StartAsync(Cancel);
        return Compile();
    }

    private Policy Compile() => new SuspensionsKind().Compile(_harness.Route(), _harness.Context)!;

    private async Task<Verdict> DecideAsync(Policy policy)
    {
        var exchange = _harness.Exchange(route: _harness.Route());
        exchange.Caller = PolicyHarness.Caller(_consumer);
        return await policy.OnRequestAsync(exchange);
    }
}
