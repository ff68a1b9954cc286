using System.Text.RegularExpressions;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Limits;

public sealed partial class LimitsPolicyTests
{
    private readonly PolicyHarness _harness = new();

    private Policy Compile(string limits) => _harness.Compile(new LimitsKind(), $"limits: {limits}")!;

    private async Task<Exchange> CallAsync(Policy policy, string? consumer = null, string peer = "192.0.2.1", string? credential = null)
    {
        var exchange = _harness.Exchange(peer: peer);
        if (consumer is not null || credential is not null) exchange.Caller = PolicyHarness.Caller(Named(consumer ?? "any"), credential ?? "any");
        var verdict = await policy.OnRequestAsync(exchange);
        exchange.Problem = verdict.Problem;
        policy.OnResponse(exchange);
        return exchange;
    }

    private async Task<bool> PassesAsync(Policy policy, Person? person, string consumer = "shop", string credential = "tokenid")
    {
        var exchange = _harness.Exchange(peer: "192.0.2.1");
        exchange.Caller = new Caller
        {
            Consumer = Named(consumer),
            CredentialKind = "token",
            CredentialId = credential,
            Scopes = new HashSet<Scope>(),
            Person = person,
        };
        return (await policy.OnRequestAsync(exchange)).Problem is null;
    }

    [Fact]
    public async Task Counts_a_person_once_whatever_speaks_for_them_and_never_two_as_one()
    {
        var policy = Compile("[ { per: person, allow: 1, every: 1h } ]");
        Assert.True(await PassesAsync(policy, new Person("customers", "17")));
        Assert.False(await PassesAsync(policy, new Person("customers", "17"), "app", "another-token"));
        Assert.True(await PassesAsync(policy, new Person("customers", "18")));
        Assert.True(await PassesAsync(policy, new Person("staff", "17"))); // another issuer's 17 is somebody else
        Assert.True(await PassesAsync(policy, new Person("customers", "shop")));
        Assert.True(await PassesAsync(policy, null)); // speaks for nobody: counts as its consumer
        Assert.False(await PassesAsync(policy, null, "shop", "another-token"));
        Assert.True(await PassesAsync(policy, null, "app"));
        Assert.Null((await CallAsync(policy)).Problem); // nobody at all: counts as its address
        Assert.NotNull((await CallAsync(policy)).Problem);
        Assert.Null((await CallAsync(policy, peer: "192.0.2.2")).Problem);
    }

    [Fact]
    public async Task Counts_each_token_of_a_consumer_by_itself_where_credentials_are_counted()
    {
        var policy = Compile("[ { per: credential, allow: 1, every: 1h } ]");
        Assert.True(await PassesAsync(policy, new Person("customers", "17"), credential: "one"));
        Assert.True(await PassesAsync(policy, new Person("customers", "17"), credential: "two"));
        Assert.False(await PassesAsync(policy, new Person("customers", "18"), credential: "two"));
    }

    private static Consumer Named(string name) => new()
    {
        Id = new ConsumerId(name),
        Kind = ConsumerKind.Application,
        Owner = "o",
        Grants = new HashSet<Scope>(),
        Authenticate = [],
    };

    private async Task<int> AllowedAsync(Policy policy, int calls, Func<int, (string? Consumer, string Peer, string? Credential)> caller)
    {
        var allowed = 0;
        for (var i = 0; i < calls; i++)
        {
            var (consumer, peer, credential) = caller(i);
            if ((await CallAsync(policy, consumer, peer, credential)).Problem is null) allowed++;
        }

        return allowed;
    }

    [Fact]
    [Control("RTE-1")]
    [Control("RTE-4")]
    public async Task Refuses_what_is_over_the_limit_and_says_when_to_come_back()
    {
        var policy = Compile("[ { per: consumer, allow: 2, every: 1m } ]");
        var first = await CallAsync(policy, "shop");
        Assert.Equal("\"consumer\";q=2;w=60", first.ResponseHeaders["RateLimit-Policy"]);
        Assert.Equal("\"consumer\";r=1;t=30", first.ResponseHeaders["RateLimit"]);
        Assert.Equal("\"consumer\";r=0;t=30", (await CallAsync(policy, "shop")).ResponseHeaders["RateLimit"]);

        var refused = await CallAsync(policy, "shop");
        Assert.Same(Problems.LimitExceeded, refused.Problem);
        Assert.Equal("\"consumer\";r=0;t=30", refused.ResponseHeaders["RateLimit"]);
        Assert.Equal("30", refused.ResponseHeaders.RetryAfter);

        _harness.Clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Equal("1", (await CallAsync(policy, "shop")).ResponseHeaders.RetryAfter);
        _harness.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Null((await CallAsync(policy, "shop")).Problem);
        Assert.NotNull((await CallAsync(policy, "shop")).Problem);
    }

    [Fact]
    [Control("RTE-1")]
    public async Task Counts_exactly_when_many_call_at_once_under_several_limits()
    {
        var policy = Compile("[ { per: consumer, allow: 1000, every: 1m }, { per: route, allow: 100, every: 1h } ]");
        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => AllowedAsync(policy, 400, _ => ("shop", "192.0.2.1",
            null)))));
        Assert.Equal(100, counts.Sum());
        _harness.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal("\"route\";r=99;t=36", (await CallAsync(policy, "shop")).ResponseHeaders["RateLimit"]);
    }

    [Theory]
    [Control("RTE-2")]
    [Control("IPX-7")]
    [InlineData("consumer", "key and address change", 3)]
    [InlineData("consumer", "anonymous, one address", 3)]
    [InlineData("consumer", "consumer changes", 20)]
    [InlineData("credential", "key and address change", 20)]
    [InlineData("credential", "anonymous, one address", 3)]
    [InlineData("address", "consumer changes", 3)]
    [InlineData("address", "key and address change", 20)]
    [InlineData("address", "hosts of one /64", 3)]
    [InlineData("address", "/64s of one /48", 20)]
    [InlineData("address", "IPv4 written as IPv6 and not", 3)]
    [InlineData("route", "key and address change", 3)]
    [InlineData("api", "consumer changes", 3)]
    [InlineData("all", "/64s of one /48", 3)]
    public async Task Counts_together_whom_the_limit_names(string per, string callers, int allowed)
    {
        var policy = Compile($"[ {{ per: {per}, allow: 3, every: 1h }} ]");
        Assert.Equal(allowed, await AllowedAsync(policy, 20, i => callers switch
        {
            "key and address change" => ("shop", $"192.0.2.{i + 1}", $"key{i}"),
            "anonymous, one address" => (null, "192.0.2.1", null),
            "consumer changes" => ($"shop-{i}", "192.0.2.1", "key"),
            "hosts of one /64" => (null, $"2001:db8:1:2::{i + 1:x}", null),
            "/64s of one /48" => (null, $"2001:db8:1:{i + 1:x}::1", null),
            _ => (null, i % 2 == 0 ? "192.0.2.1" : "::ffff:192.0.2.1", null),
        }));
    }

    [Fact]
    public async Task Charges_nothing_for_a_call_that_another_limit_refuses()
    {
        var policy = Compile("[ { per: consumer, allow: 100, every: 1h, name: generous }, { per: consumer, allow: 1, every: 1s, name: tight } ]");
        for (var i = 0; i < 50; i++) await CallAsync(policy, "shop");
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await CallAsync(policy, "shop")).Problem);
        var generous = Compile("[ { per: consumer, allow: 100, every: 1h, name: generous } ]"); // the same cells: two calls passed, this is the third
        Assert.Equal(97, (await CallAsync(generous, "shop")).TightestLimit!.Value.Remaining);
    }

    [Fact]
    public async Task Tells_of_the_longest_wait_when_several_limits_refuse()
    {
        var policy = Compile("[ { per: consumer, allow: 1, every: 10s, name: short }, { per: route, allow: 1, every: 1h, name: long } ]");
        await CallAsync(policy, "shop");
        var refused = await CallAsync(policy, "shop");
        Assert.Equal("\"long\";r=0;t=3600", refused.ResponseHeaders["RateLimit"]);
        Assert.Equal("3600", refused.ResponseHeaders.RetryAfter);
    }

    [Fact]
    public async Task Keeps_what_was_used_over_a_reload_with_another_allowance()
    {
        Assert.Equal(2, await AllowedAsync(Compile("[ { per: consumer, allow: 4, every: 1m } ]"), 2, _ => ("shop", "192.0.2.1", null)));
        Assert.Equal(2, await AllowedAsync(Compile("[ { per: consumer, allow: 4, every: 1m } ]"), 10, _ => ("shop", "192.0.2.1", null)));
        _harness.Clock.Advance(TimeSpan.FromSeconds(30)); // half of the window has come back, which is 20 of 40 calls
        Assert.Equal(20, await AllowedAsync(Compile("[ { per: consumer, allow: 40, every: 1m } ]"), 60, _ => ("shop", "192.0.2.1", null)));
    }

    [Fact]
    [Control("RTE-9")]
    public async Task Takes_no_notice_of_the_wall_clock()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var table = new CellTable(new CellBudget(), clock);
        var limit = new Limit("consumer", Per.Consumer, 1, TimeSpan.FromHours(1));
        var policy = new LimitsPolicy([new CompiledLimit(limit, new Rate(1, limit.Every, clock.TimestampFrequency), table)],
            LimitsPolicy.Render([limit]), new FrozenTimestamps(clock));
        Assert.Null((await CallAsync(policy, "shop")).Problem);
        clock.Advance(TimeSpan.FromDays(400));
        Assert.NotNull((await CallAsync(policy, "shop")).Problem);
    }

    [Fact]
    public async Task Replaces_what_the_backend_says_about_limits()
    {
        var policy = Compile("[ { per: route, allow: 5, every: 1m } ]");
        var exchange = _harness.Exchange();
        await policy.OnRequestAsync(exchange);
        exchange.ResponseHeaders["RateLimit"] = "\"theirs\";r=1000";
        exchange.ResponseHeaders["RateLimit-Policy"] = "\"theirs\";q=1000";
        exchange.ResponseHeaders.RetryAfter = "7"; // a busy backend's own word to the client
        policy.OnResponse(exchange);
        Assert.Equal("\"route\";r=4;t=12", exchange.ResponseHeaders["RateLimit"]);
        Assert.Equal("\"route\";q=5;w=60", exchange.ResponseHeaders["RateLimit-Policy"]);
        Assert.Equal("7", exchange.ResponseHeaders.RetryAfter);
    }

    [Fact]
    [Control("RTE-4")]
    [Control("RTE-11")]
    public async Task Writes_structured_fields_without_a_word_about_the_caller()
    {
        var policy = Compile("[ { per: consumer, allow: 3, every: 7s }, { per: address, allow: 10000000, every: 31d, name: a-2 }, { per: all, allow: 1, every: 1s } ]");
        for (var i = 0; i < 5; i++)
        {
            var exchange = await CallAsync(policy, "secret-partner", "2001:db8::17", "k7f3");
            Assert.Equal("\"consumer\";q=3;w=7, \"a-2\";q=10000000;w=2678400, \"all\";q=1;w=1", exchange.ResponseHeaders["RateLimit-Policy"]);
            Assert.Matches(RateLimitField(), exchange.ResponseHeaders["RateLimit"].ToString());
            var state = exchange.TightestLimit!.Value;
            if (exchange.Problem is not null) Assert.True(state.RetrySeconds >= Math.Max(1, state.ResetSeconds));
        }
    }

    [GeneratedRegex("^\"[a-z][a-z0-9-]*\";r=[0-9]{1,15};t=[0-9]{1,15}$")]
    private static partial Regex RateLimitField();

    /// <summary>A clock whose date moves and whose timestamps stand still.</summary>
    private sealed class FrozenTimestamps(TimeProvider dates) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => 17;

        public override DateTimeOffset GetUtcNow() => dates.GetUtcNow();
    }
}
