using System.Globalization;
using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Throttle;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Gatehouse.Tests.Policies.Identify;

namespace Gatehouse.Tests.Policies.Throttle;

public sealed class ThrottlePolicyTests
{
    private const string Key = "ghk_something";
    private readonly PolicyHarness _harness = new();
    private readonly Policy _policy;

    public ThrottlePolicyTests() => _policy = Compile(new ThrottleLimits { Failures = 3 });

    [Fact]
    [Control("RTE-3")]
    [Control("KEY-10")]
    public void Refuses_credentials_unseen_from_an_address_with_too_many_failures()
    {
        for (var i = 0; i < 3; i++) Assert.Null(Fail());
        var exchange = Exchange();
        Assert.Equal("too-many-failures", Call(exchange, null)?.Name);
        Assert.Equal("20", exchange.ResponseHeaders.RetryAfter.ToString());
        Assert.Null(Fail("192.0.2.8"));
        _harness.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(Fail());
        Assert.Equal("too-many-failures", Fail()?.Name);
    }

    [Fact]
    [Control("RTE-3")]
    public void Tells_once_who_guesses()
    {
        for (var i = 0; i < 50; i++)
        {
            Fail();
            _harness.Clock.Advance(TimeSpan.FromSeconds(10)); // every second one is heard, and fails
        }

        var line = Assert.Single(_harness.AccessLog.Records);
        Assert.Equal(("credentials-guessed", "edge", "192.0.2.7"), ((string?)line["event"], (string?)line["listener"], (string?)line["client"]));
        Assert.Equal(1, _harness.Meter.Guesses("edge", GuessLine.Credentials).Value);
    }

    [Fact]
    [Control("RTE-3")]
    public void Takes_a_whole_64_for_one_client()
    {
        for (var i = 1; i <= 3; i++) Assert.Null(Fail(string.Create(CultureInfo.InvariantCulture, $"2001:db8:1:2::{i}")));
        Assert.Equal("too-many-failures", Fail("2001:db8:1:2::99")?.Name);
        Assert.Null(Fail("2001:db8:1:3::99"));
    }

    [Fact]
    [Control("RTE-3")]
    public void Counts_who_trusted_proxies_say_it_is()
    {
        for (var i = 0; i < 9; i++) Assert.Null(Fail("10.0.0.1", client: string.Create(CultureInfo.InvariantCulture, $"192.0.2.{i}")));
        for (var i = 0; i < 2; i++) Assert.Null(Fail("10.0.0.1", client: "192.0.2.1"));
        Assert.Equal("too-many-failures", Fail("10.0.0.1", client: "192.0.2.1")?.Name);
    }

    [Fact]
    public void Counts_no_caller_that_is_known_whose_credential_was_not_enough_for_what_came_after()
    {
        for (var i = 0; i < 9; i++)
        {
            var exchange = Exchange();
            exchange.Caller = PolicyHarness.Caller(Proofs.Consumer("web-shop", Proofs.Entry(client: "web-shop")));
            Assert.Null(Call(exchange, Problems.Unauthenticated));
        }

        Assert.Empty(_harness.AccessLog.Records);
        Assert.Null(Fail());
    }

    [Fact]
    public void Hears_requests_without_credentials_and_counts_none_of_them()
    {
        for (var i = 0; i < 9; i++)
            Assert.Null(Call(Exchange(key: null), Problems.Unauthenticated, CredentialKinds.Certificate));
        for (var i = 0; i < 3; i++) Fail();
        Assert.Null(Call(Exchange(key: null), null, CredentialKinds.None));
        Assert.Equal("too-many-failures", Fail()?.Name);
    }

    [Theory]
    [InlineData("forbidden")]
    [InlineData("limit-exceeded")]
    [InlineData("identity-unavailable")]
    [InlineData(null)]
    public void Counts_no_answer_that_says_nothing_of_the_credential(string? type)
    {
        var problem = Problems.All.SingleOrDefault(p => p.Name == type);
        Fail();
        for (var i = 0; i < 9; i++) Assert.Null(Call(Exchange(), problem));
        Assert.Null(Fail());
        Assert.Null(Fail());
        Assert.NotNull(Fail());
    }

    [Fact]
    [Control("RTE-3")]
    public void Hears_a_key_that_was_good_before()
    {
        var key = new ApiKeyCredential("3f9k2m7q", [], _harness.Clock.GetUtcNow().AddHours(1), null);
        var entry = new Authentication(key, null);
        var consumer = new Consumer
        {
            Id = new ConsumerId("stock-sync"),
            Kind = ConsumerKind.Service,
            Owner = "stock@example.test",
            Grants = new HashSet<Scope>(),
            Authenticate = [entry],
        };
        var good = new KeptKey(new ConsumerDirectory([consumer]), Key, new ApiKeyHolder(consumer, key));
        _harness.Connection = new ConnectionMemory { Key = good };
        Call(Exchange(), null);
        _harness.Connection = new ConnectionMemory();
        for (var i = 0; i < 3; i++) Fail(key: "ghk_other");
        Assert.Equal("too-many-failures", Fail(key: "ghk_other")?.Name);
        Assert.Null(Call(Exchange(), null));
        var both = Exchange(headers: ("Authorization", "Bearer x.y.z")); // all that is presented has to be known
        Assert.Equal("too-many-failures", Call(both, null)?.Name);
    }

    [Fact]
    [Control("KEY-10")]
    public void Tells_of_a_key_that_is_guessed_from_everywhere_and_keeps_nobody_out()
    {
        for (var i = 0; i < 150; i++)
        {
            var exchange = Exchange(string.Create(CultureInfo.InvariantCulture, $"198.51.100.{i}"));
            exchange.GuessedKeyId = "k7f3";
            Assert.Null(Call(exchange, Problems.Unauthenticated));
        }

        var line = Assert.Single(_harness.AccessLog.Records);
        Assert.Equal(("key-guessed", "k7f3"), ((string?)line["event"], (string?)line["credentialId"]));
    }

    [Fact]
    [Control("RTE-12", "the event")]
    public void Tells_of_paths_that_are_guessed()
    {
        for (var i = 0; i < 250; i++)
        {
            var exchange = Exchange(key: null);
            exchange.Status = 404;
            Call(exchange, Problems.NotFound, CredentialKinds.None);
        }

        Assert.Equal("paths-guessed", (string?)Assert.Single(_harness.AccessLog.Records)["event"]);
    }

    [Fact]
    [Control("RTE-12")]
    public void Refuses_an_address_whose_requests_lead_nowhere_where_that_is_declared()
    {
        var policy = Compile(new ThrottleLimits { Misses = 3 });
        for (var i = 0; i < 3; i++) Assert.Null(Miss(i % 2 == 0 ? 404 : 403));
        Assert.Equal("too-many-misses", Miss(404)?.Name);
        Assert.Equal("paths-guessed", (string?)Assert.Single(_harness.AccessLog.Records)["event"]);
        var good = Exchange();
        Assert.NotNull(Call(good, null, policy: policy)); // its good requests too
        Assert.Equal("20", good.ResponseHeaders.RetryAfter.ToString());
        Assert.Null(Call(Exchange("192.0.2.8"), null, policy: policy));
        _harness.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(Miss(200)); // what is found costs nothing
        Assert.Null(Miss(404));
        Assert.NotNull(Miss(404));

        Problem? Miss(int status)
        {
            var exchange = Exchange(key: null);
            var refused = exchange.Problem = PolicyHarness.Decide(policy, exchange).Problem;
            exchange.Status = refused?.Status ?? status;
            policy.OnResponse(exchange);
            policy.OnFinished(exchange);
            return refused;
        }
    }

    [Fact]
    public void Throttles_nobody_where_that_is_declared()
    {
        var off = Compile(new ThrottleLimits { Off = "the proxy in front does it" });
        for (var i = 0; i < 99; i++) Assert.Null(Call(Exchange(), Problems.Unauthenticated, policy: off));
    }

    private Policy Compile(ThrottleLimits limits) => new ThrottleKind().Compile(new Listener
    {
        Name = "edge",
        Address = new IPEndPoint(IPAddress.Loopback, 0),
        Serves = new HashSet<Exposure> { Exposure.Public },
        Hosts = [],
        Networks = null,
        Proxies = null,
        Protocols = Protocols.Http1,
        Tls = null,
        Intake = new IntakeLimits(),
        Throttle = limits,
        Place = new Place("test.yaml", 1, 1),
    }, _harness.Context);

    private Exchange Exchange(string peer = "192.0.2.7", string? key = Key, string? client = null, (string Name, string Value)? headers = null)
    {
        List<(string Name, string Value)> all = key is null ? [] : [("X-Api-Key", key)];
        if (headers is { } more) all.Add(more);
        var exchange = _harness.Exchange(peer: peer, headers: [.. all]);
        if (client is not null) exchange.Client = new ClientAddress(IPAddress.Parse(client));
        return exchange;
    }

    private Problem? Fail(string peer = "192.0.2.7", string? client = null, string key = Key) =>
        Call(Exchange(peer, key, client), Problems.Unauthenticated);

    /// <summary>One exchange that ends as it is told, unless it is refused first: the problem of that refusal, or null.</summary>
    private Problem? Call(Exchange exchange, Problem? outcome, CredentialKinds presented = CredentialKinds.ApiKey, Policy? policy = null)
    {
        policy ??= _policy;
        var refused = PolicyHarness.Decide(policy, exchange).Problem;
        exchange.Presented = presented;
        exchange.Problem = refused ?? outcome;
        policy.OnResponse(exchange);
        policy.OnFinished(exchange);
        return refused;
    }
}
