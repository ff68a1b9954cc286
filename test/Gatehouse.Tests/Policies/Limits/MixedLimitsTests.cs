using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.Policies.Record;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>Limits of several forms together: sliding windows, what is under way at once, cost, and limits that only report.</summary>
public sealed class MixedLimitsTests
{
    private readonly PolicyHarness _harness = new();

    private Policy Compile(string fragment) => _harness.Compile(new LimitsKind(), fragment)!;

    private Exchange Begin(Policy policy, string? consumer = "shop", string peer = "192.0.2.1")
    {
        var exchange = _harness.Exchange(peer: peer, route: _harness.Route());
        if (consumer is not null) exchange.Caller = PolicyHarness.Caller(Named(consumer));
        exchange.Problem = PolicyHarness.Decide(policy, exchange).Problem;
        policy.OnResponse(exchange);
        return exchange;
    }

    private Exchange Call(Policy policy, string? consumer = "shop", string peer = "192.0.2.1")
    {
        var exchange = Begin(policy, consumer, peer);
        policy.OnFinished(exchange);
        return exchange;
    }

    private int Allowed(Policy policy, int calls, string consumer = "shop") =>
        Enumerable.Range(0, calls).Count(_ => Call(policy, consumer).Problem is null);

    private static Consumer Named(string name) => new()
    {
        Id = new ConsumerId(name),
        Kind = ConsumerKind.Application,
        Owner = "o",
        Grants = new HashSet<Scope>(),
        Authenticate = [],
    };

    [Fact]
    [Control("RTE-1")]
    [Control("RTE-4")]
    public void Lets_a_call_come_back_when_it_is_a_window_old()
    {
        var policy = Compile("limits: [ { per: consumer, allow: 2, every: 32s, window: sliding } ]");
        Assert.Equal("\"consumer\";q=2;w=32", Call(policy).ResponseHeaders["RateLimit-Policy"]);
        _harness.Clock.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal("\"consumer\";r=0;t=17", Call(policy).ResponseHeaders["RateLimit"]); // the first comes back at 32 to 33 seconds
        var refused = Call(policy);
        Assert.Same(Problems.LimitExceeded, refused.Problem);
        Assert.Equal("17", refused.ResponseHeaders.RetryAfter);
        _harness.Clock.Advance(TimeSpan.FromSeconds(17));
        Assert.Null(Call(policy).Problem); // evenly, both would have come back by now
        Assert.NotNull(Call(policy).Problem);
    }

    [Fact]
    [Control("RTE-1")]
    public void Refuses_what_would_be_under_way_beside_too_much_and_frees_the_place_at_the_end()
    {
        var policy = Compile("limits: [ { per: consumer, atOnce: 2 } ]");
        var (first, second) = (Begin(policy), Begin(policy));
        Assert.Equal("\"consumer-at-once\";q=2;qu=\"concurrent-requests\"", first.ResponseHeaders["RateLimit-Policy"]);
        Assert.Equal("\"consumer-at-once\";r=1", first.ResponseHeaders["RateLimit"]);
        var refused = Begin(policy);
        Assert.Same(Problems.TooManyAtOnce, refused.Problem);
        Assert.Equal("\"consumer-at-once\";r=0", refused.ResponseHeaders["RateLimit"]);
        Assert.Equal("1", refused.ResponseHeaders.RetryAfter);
        Assert.Null(Begin(policy, "app").Problem);

        policy.OnFinished(refused); // it held nothing
        Assert.NotNull(Begin(policy).Problem);
        policy.OnFinished(first);
        policy.OnFinished(first); // once is all it gives back
        Assert.Null(Begin(policy).Problem);
        Assert.NotNull(Begin(policy).Problem);
        policy.OnFinished(second);
        Assert.Null(Begin(policy).Problem);
    }

    [Fact]
    [Control("RTE-1")]
    public async Task Has_never_more_under_way_than_it_says_whatever_runs_at_once()
    {
        var policy = Compile("limits: [ { per: consumer, atOnce: 3 }, { per: route, allow: 10000000, every: 1s, window: sliding } ]");
        var (underWay, most, passed) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 3000; i++)
            {
                var exchange = Begin(policy);
                if (exchange.Problem is null)
                {
                    Interlocked.Increment(ref passed);
                    var now = Interlocked.Increment(ref underWay);
                    int seen;
                    while ((seen = Volatile.Read(ref most)) < now && Interlocked.CompareExchange(ref most, now, seen) != seen)
                    {
                    }

                    Interlocked.Decrement(ref underWay);
                }

                policy.OnFinished(exchange);
            }
        })));
        Assert.InRange(most, 1, 3);
        Assert.InRange(passed, 1, 24_000);
        Assert.Equal([null, null, null, Problems.TooManyAtOnce], Enumerable.Range(0, 4).Select(_ => Begin(policy).Problem));
    }

    [Theory]
    [Control("RTE-2")]
    [InlineData("{ per: route, allow: 1, every: 1h, name: last }")]
    [InlineData("{ per: route, allow: 1, every: 1h, window: sliding, name: last }")]
    [InlineData("{ per: route, atOnce: 1, name: last }")]
    public void Charges_nothing_of_any_form_for_a_call_that_another_refuses(string last)
    {
        const string others = "{ per: consumer, allow: 3, every: 1h }, { per: consumer, allow: 3, every: 1h, window: sliding, name: slides }, { per: consumer, atOnce: 3 }";
        var policy = Compile($"limits: [ {others}, {last} ]");
        var first = Begin(policy);
        for (var i = 0; i < 20; i++) Assert.NotNull(Call(policy).Problem);
        policy.OnFinished(first);
        var alone = Compile($"limits: [ {others} ]"); // the same cells
        Assert.Equal([null, null, Problems.LimitExceeded], Enumerable.Range(0, 3).Select(_ => Begin(alone).Problem));
    }

    [Fact]
    [Control("RTE-6", "cost of calls")]
    [Control("RTE-4")]
    public void Takes_what_a_call_costs_of_a_limit_that_routes_share()
    {
        const string limits = "limits: [ { per: consumer, across: api, allow: 10, every: 100s, count: cost, name: work }, { per: consumer, allow: 100, every: 1s } ]";
        var cheap = Compile(limits);
        var dear = Compile("cost: 4\n" + limits);
        Assert.Equal("\"work\";r=6;t=40", Call(dear).ResponseHeaders["RateLimit"]);
        Assert.Equal("\"work\";r=5;t=50", Call(cheap).ResponseHeaders["RateLimit"]);
        Assert.Equal("\"work\";r=1;t=30", Call(dear).ResponseHeaders["RateLimit"]); // not enough for another: until there is
        var refused = Call(dear);
        Assert.Equal((Problems.LimitExceeded, "\"work\";r=1;t=30", "30"),
            (refused.Problem, refused.ResponseHeaders["RateLimit"].ToString(), refused.ResponseHeaders.RetryAfter.ToString()));
        Assert.Null(Call(cheap).Problem);
        _harness.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull(Call(dear).Problem); // the cheap call has taken of what was there
        _harness.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(Call(dear).Problem);
    }

    [Fact]
    public void Only_reports_what_it_is_not_to_refuse()
    {
        var policy = Compile("limits: [ { per: consumer, allow: 100, every: 1h }, { per: consumer, allow: 1, every: 1h, report: only, name: planned } ]");
        var first = Call(policy);
        Assert.Equal("\"consumer\";q=100;w=3600", first.ResponseHeaders["RateLimit-Policy"]); // what is only planned is nobody's business
        Assert.Null(first.ReportedLimit);
        var second = Call(policy);
        Assert.Equal((null, "planned"), (second.Problem, second.ReportedLimit));
        Assert.StartsWith("\"consumer\";r=98", second.ResponseHeaders["RateLimit"].ToString(), StringComparison.Ordinal);

        var record = (RecordPolicy)new RecordKind().Compile(PolicyHarness.Listener(), _harness.Context);
        record.OnFinished(second);
        Assert.Equal("planned", (string?)Assert.Single(_harness.AccessLog.Records)["limitReported"]);
        Assert.Equal((1, 0), (second.RouteTally!.LimitsReported, second.RouteTally.LimitsRefused));
    }

    [Fact]
    public void Counts_what_it_only_reports_as_if_it_refused()
    {
        var policy = Compile("limits: [ { per: consumer, allow: 5, every: 1h, report: only, name: planned }, { per: consumer, allow: 8, every: 1h } ]");
        var calls = Enumerable.Range(0, 20).Select(_ => Call(policy)).ToList();
        Assert.Equal((3, 12), (calls.Count(c => c is { Problem: null, ReportedLimit: "planned" }), calls.Count(c => c.Problem is not null)));
        var enforced = Compile("limits: [ { per: consumer, allow: 5, every: 1h, name: planned } ]"); // the same cells
        _harness.Clock.Advance(TimeSpan.FromMinutes(12));
        Assert.Equal(1, Allowed(enforced, 5)); // one call has come back: refused ones were never counted
    }

    [Fact]
    [Control("RTE-8")]
    public void Lets_one_noisy_caller_use_up_only_its_own()
    {
        var policy = Compile("limits: [ { per: consumer, allow: 100, every: 1m, window: sliding }, { per: consumer, atOnce: 5 } ]");
        var noisy = Enumerable.Range(0, 5).Select(_ => Begin(policy, "noisy")).ToList(); // they never end
        for (var i = 0; i < 100; i++)
        {
            for (var n = 0; n < 50; n++) Begin(policy, "noisy");
            Assert.Null(Call(policy, "quiet").Problem);
        }

        Assert.All(noisy, e => Assert.Null(e.Problem));
    }

    [Theory]
    [Control("RTE-2")]
    [InlineData("window: sliding", 3)]
    [InlineData("window: even", 3)]
    public void Counts_the_hosts_of_one_network_together_in_every_form(string form, int allowed)
    {
        var policy = Compile($"limits: [ {{ per: address, allow: 3, every: 1h, {form} }}, {{ per: address, atOnce: 100 }} ]");
        Assert.Equal(allowed, Enumerable.Range(1, 20).Count(i => Call(policy, null, $"2001:db8:1:2::{i:x}").Problem is null));
        string[] mapped = ["192.0.2.1", "::ffff:192.0.2.1"];
        Assert.Equal(allowed, Enumerable.Range(1, 20).Count(i => Call(policy, null, mapped[i % 2]).Problem is null));
    }

    [Theory]
    [InlineData("route", 2)]
    [InlineData("api", 1)]
    [InlineData("all", 1)]
    [Control("RTE-2")]
    public void Counts_a_callers_calls_across_the_routes_that_it_names(string across, int second)
    {
        var text = $"limits: [ {{ per: consumer, across: {across}, allow: 2, every: 1h, window: sliding }} ]";
        var kind = new LimitsKind();
        var first = kind.Compile(_harness.Route(kind, text), _harness.Context)!;
        var other = kind.Compile(_harness.Route(kind, text, id: across == "all" ? "stock/get-stock" : "orders/get-orders"), _harness.Context)!;
        Assert.Null(Call(first).Problem);
        Assert.Equal(second, Allowed(other, 5));
        Assert.Equal(2, Allowed(other, 5, "app"));
    }

    [Fact]
    [Control("RTE-9")]
    public void Takes_no_notice_of_the_wall_clock_in_windows_and_places()
    {
        var clock = new DatesOnly();
        var slides = new Limit("slides", Per.Consumer, 1, TimeSpan.FromHours(1)) { Form = LimitForm.Sliding };
        var places = new Limit("places", Per.Consumer, 1, TimeSpan.Zero) { Form = LimitForm.AtOnce };
        var policy = new MixedLimitsPolicy(
            [
                new SlidingAllowance(slides, 1, new CellTable(new CellBudget(), clock, make: static _ => new SlidingCell()), clock),
                new AtOnceAllowance(places, new CellTable(new CellBudget(), clock, make: static _ => new AtOnceCell()), clock),
            ],
            "", clock);
        Assert.Null(Begin(policy).Problem);
        foreach (var days in (int[])[400, -800])
        {
            clock.Now = clock.Now.AddDays(days);
            Assert.Same(Problems.LimitExceeded, Begin(policy).Problem);
        }
    }

    /// <summary>A clock whose date moves and whose timestamps stand still.</summary>
    private sealed class DatesOnly : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => 17;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
