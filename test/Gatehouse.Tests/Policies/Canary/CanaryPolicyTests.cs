using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Canary;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Canaries;

public sealed class CanaryPolicyTests
{
    private const int Calls = 10_000;

    private readonly PolicyHarness _harness = new();

    [Control("RES-8")]
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(50)]
    [InlineData(95)]
    public void Gives_the_canary_its_share_within_a_few(int percent)
    {
        var policy = Policy(Canary(percent));

        var taken = Enumerable.Range(0, Calls).Count(_ => IsTaken(policy, _harness.Exchange()));

        Assert.InRange(taken, (Calls * percent / 100) - 250, (Calls * percent / 100) + 250); // five standard deviations at half and half
    }

    [Control("RES-8")]
    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    public void Gives_the_canary_its_share_of_those_who_stick(int percent)
    {
        var policy = Policy(Canary(percent, Stickiness.Cookie));

        var taken = Enumerable.Range(0, Calls).Count(i => IsTaken(policy, Visitor(i)));

        Assert.InRange(taken, (Calls * percent / 100) - 200, (Calls * percent / 100) + 200);
    }

    [Control("RES-8")]
    [Fact]
    public void Whoever_sticks_goes_the_same_way_in_every_instance_and_stays_when_the_share_grows()
    {
        var (few, many) = (Policy(Canary(10, Stickiness.Cookie)), Policy(Canary(40, Stickiness.Cookie)));
        var elsewhere = new PolicyHarness();

        for (var i = 0; i < 500; i++)
        {
            var taken = IsTaken(few, Visitor(i));
            Assert.Equal(taken, IsTaken(few, Visitor(i)));
            Assert.Equal(taken, IsTaken(Compile(elsewhere, Canary(10, Stickiness.Cookie)), Visitor(i)));
            if (taken) Assert.True(IsTaken(many, Visitor(i)));
        }
    }

    [Fact]
    public void Tells_callers_apart_by_what_they_are_and_else_by_their_address()
    {
        var shop = new Consumer
        {
            Id = new ConsumerId("web-shop"),
            Kind = ConsumerKind.Application,
            Owner = "tests",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        };
        Exchange By(string peer, string? person = null, bool known = true)
        {
            var exchange = _harness.Exchange(peer: peer);
            if (!known) return exchange;
            exchange.Caller = new Caller
            {
                Consumer = shop,
                CredentialKind = "token",
                CredentialId = "t",
                Scopes = shop.Grants,
                Person = person is null ? null : new Person("customers", person),
            };
            return exchange;
        }

        bool Differ(Stickiness by, Func<int, Exchange> exchange) =>
            Enumerable.Range(0, 64).Select(i => IsTaken(Policy(Canary(50, by)), exchange(i))).Distinct().Count() == 2;

        Assert.False(Differ(Stickiness.Consumer, i => By($"10.0.0.{i}", $"p{i}")));
        Assert.True(Differ(Stickiness.Person, i => By("10.0.0.1", $"p{i}")));
        Assert.False(Differ(Stickiness.Person, i => By($"10.0.0.{i}", "p")));
        Assert.False(Differ(Stickiness.Person, i => By($"10.0.0.{i}")));
        Assert.True(Differ(Stickiness.Consumer, i => By($"10.0.0.{i}", known: false)));
        Assert.False(Differ(Stickiness.Address, i => By("10.0.0.1", $"p{i}")));
        Assert.True(Differ(Stickiness.Address, i => By($"2001:db8:0:{i:x}::1")));
        Assert.False(Differ(Stickiness.Address, i => By($"2001:db8::{i:x}")));
        Assert.Equal(
            IsTaken(Policy(Canary(50, Stickiness.Address)), By("10.0.0.7")), IsTaken(Policy(Canary(50, Stickiness.Address)), By("::ffff:10.0.0.7")));
    }

    [Control("RES-8", "a canary that fails gets no more calls")]
    [Fact]
    public void Takes_the_calls_from_a_canary_that_fails_more_often_than_it_may()
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(10), TimeSpan.FromMinutes(1), 20, null)));

        for (var i = 0; i < 18; i++) End(policy, 200);
        End(policy, 503);
        Assert.True(TakesAny(policy));
        End(policy, 500); // two of twenty are the share that may fail
        Assert.True(TakesAny(policy));
        End(policy, 500);
        Assert.False(TakesAny(policy));
        _harness.Clock.Advance(TimeSpan.FromDays(30));
        Assert.False(TakesAny(policy));
        Assert.True(TakesAny(Policy(Canary(99)))); // loaded anew
    }

    [Fact]
    public void Gives_them_back_after_the_declared_time_and_judges_anew()
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(50), TimeSpan.FromMinutes(1), 2, TimeSpan.FromMinutes(10))));

        End(policy, 500);
        End(policy, 500);
        Assert.False(TakesAny(policy));
        _harness.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(TakesAny(policy));
        End(policy, 500);
        Assert.True(TakesAny(policy));
        End(policy, 500);
        Assert.False(TakesAny(policy));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(499)]
    public void What_the_caller_did_wrong_is_not_the_canarys_fault(int status)
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(1), TimeSpan.FromMinutes(1), 1, null)));

        for (var i = 0; i < 50; i++) End(policy, status);

        Assert.True(TakesAny(policy));
    }

    [Fact]
    public void An_answer_that_never_came_counts_as_a_failure_and_one_that_was_never_asked_for_does_not()
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(1), TimeSpan.FromMinutes(1), 1, null)));
        var refused = _harness.Exchange();
        refused.OnCanary = true;
        refused.Problem = Problems.UpstreamTimeout;

        policy.OnFinished(refused); // another policy refused it: nothing was forwarded
        Assert.True(TakesAny(policy));
        refused.Forward.BeganAt = 1;
        policy.OnFinished(refused);
        Assert.False(TakesAny(policy));
    }

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(1, false, true)] // it has answered: the client is slow to take it
    [InlineData(0, true, true)] // the client is slow to send
    public void A_deadline_is_the_canarys_where_it_had_the_request_and_said_nothing(long headAt, bool waitsForClient, bool stays)
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(1), TimeSpan.FromMinutes(1), 1, null)));
        var late = _harness.Exchange();
        (late.OnCanary, late.Problem) = (true, Problems.DeadlineExceeded);
        (late.Forward.BeganAt, late.Forward.HeadAt, late.Forward.WaitsForClient) = (1, headAt, waitsForClient);
        policy.OnFinished(late);
        Assert.Equal(stays, TakesAny(policy));
    }

    [Control("RES-8", "a canary that is out gets no more calls")]
    [Theory]
    [InlineData("upstream-unavailable", false)]
    [InlineData("circuit-open", false)]
    [InlineData("upstream-busy", true)]
    [InlineData("deadline-exceeded", true)]
    [InlineData("quota-unavailable", true)]
    [InlineData("limit-exceeded", true)]
    public void Of_what_was_sent_nowhere_only_what_the_canary_could_not_take_counts(string problem, bool stays)
    {
        var policy = Policy(Canary(99, revert: new Reversion(Share.Percent(10), TimeSpan.FromMinutes(1), 20, null)));

        for (var i = 0; i < 20; i++)
        {
            Assert.True(TakesAny(policy));
            var refused = _harness.Exchange();
            refused.OnCanary = true;
            refused.Problem = Problems.All.Single(p => p.Name == problem);
            refused.Status = refused.Problem.Status;
            policy.OnFinished(refused);
        }

        Assert.Equal(stays, TakesAny(policy));
        Assert.Equal(stays ? 0 : 1, _harness.Meter.CanaryChanges("orders-next", "reverted").Value);
    }

    private static Canary Canary(int percent, Stickiness sticky = Stickiness.None, Reversion? revert = null) =>
        new("orders-next", Share.Percent(percent), sticky, sticky == Stickiness.Cookie ? "visitor" : null, revert ?? Reversion.Usual);

    private static bool IsTaken(Policy policy, Exchange exchange)
    {
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(policy, exchange).Kind);
        Assert.Equal(exchange.OnCanary ? "orders-next" : "orders", exchange.Forward.Upstream);
        return exchange.OnCanary;
    }

    private static Policy Compile(PolicyHarness harness, Canary canary) => new CanaryKind().Compile(harness.Route(canary: canary), harness.Context)!;

    private Policy Policy(Canary canary) => Compile(_harness, canary);

    private Exchange Visitor(int number) =>
        _harness.Exchange(headers: ("Cookie", string.Create(CultureInfo.InvariantCulture, $"a=1; visitor=v{number}; b=2")));

    private bool TakesAny(Policy policy) => Enumerable.Range(0, 20).Any(_ => IsTaken(policy, _harness.Exchange()));

    private void End(Policy policy, int status)
    {
        var exchange = _harness.Exchange();
        exchange.OnCanary = true;
        exchange.Forward.BeganAt = 1;
        exchange.Forward.Status = exchange.Status = status;
        policy.OnFinished(exchange);
    }
}
