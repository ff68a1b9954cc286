using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Assertions;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Assert;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Asserts;

public sealed class AssertPolicyTests : IDisposable
{
    private readonly PolicyHarness _harness = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Consumer _consumer = new()
    {
        Id = new ConsumerId("web-shop"),
        Kind = ConsumerKind.Application,
        Owner = "tests",
        Grants = new HashSet<Scope> { new("orders.read") },
        Authenticate = [new Authentication(null, null, new TokenBinding("customers", "shop-client"))],
    };

    public void Dispose() => _key.Dispose();

    [Fact]
    [Control("IDP-1")]
    public void Serves_until_half_of_its_life_whatever_credential_and_snapshot()
    {
        var first = Made(Policy(), Person("customer-17"));
        _harness.Clock.Advance(TimeSpan.FromSeconds(29));
        var again = Made(Policy(), Person("customer-17")); // compiled anew: another snapshot, another token
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        var renewed = Made(Policy(), Person("customer-17"));

        Assert.Equal(first, again);
        Assert.NotEqual(first, renewed);
        Assert.Equal(60, Number(renewed, "exp") - Number(renewed, "iat"));
    }

    [Fact]
    public void One_renews_while_the_others_go_on_until_the_last_quarter()
    {
        var held = new HeldAssertion("text", made: 0, ends: 60);
        var table = new AssertionTable();
        var id = new AssertionId(CallerIdentity.Anonymous, "place", 1);
        table.Keep(id, held);

        Assert.Equal("text", table.Find(id, 29, long.MaxValue));
        Assert.Null(table.Find(id, 30, long.MaxValue)); // the first is to make the next
        Assert.Equal("text", table.Find(id, 44, long.MaxValue));
        Assert.Null(table.Find(id, 45, long.MaxValue));
    }

    [Fact]
    [Control("IDP-1")]
    public void Never_outlives_the_credential_of_who_uses_it()
    {
        var now = _harness.Clock.GetUtcNow();
        var longer = Made(Policy(), Person("customer-17"));
        var shorter = Made(Policy(), Person("customer-17", expires: now.AddSeconds(20)));

        Assert.Equal(now.AddSeconds(60).ToUnixTimeSeconds(), Number(longer, "exp"));
        Assert.Equal(now.AddSeconds(20).ToUnixTimeSeconds(), Number(shorter, "exp"));

        var exchange = _harness.Exchange();
        exchange.Caller = Person("customer-17", expires: now);
        var verdict = PolicyHarness.Decide(Policy(), exchange);
        Assert.Same(Problems.Unauthenticated, verdict.Problem);
        Assert.Null(exchange.Assertion);
    }

    [Fact]
    [Control("IDP-1")]
    public void Callers_with_other_rights_or_others_acting_for_them_are_other_callers()
    {
        Caller[] callers =
        [
            Person("customer-17"), Person("customer-18"), Person("customer-17", scope: "orders.write"), Person("customer-17", actors: ["planner"]),
            Person("customer-17", issuer: "staff"), Person("customer-17", people: ["customers"]),
            new() { Consumer = _consumer, CredentialKind = "apiKey", CredentialId = "k", Scopes = _consumer.Grants },
        ];
        var policy = Policy();

        Assert.Distinct(callers.Select(c => Made(policy, c)));
    }

    [Fact]
    [Control("IDP-7")]
    public void The_consumer_is_not_said_twice_where_the_token_names_it_as_actor() =>
        Assert.Equal(
            """{"sub":"web-shop","act":{"sub":"planner","issuer":"customers"}}""",
            Claims(Made(Policy(), Person("customer-17", actors: ["shop-client", "planner"])))["act"]!.ToJsonString());

    [Fact]
    [Control("IDP-1", "the audience is the upstream that gets it")]
    public void The_audience_is_the_upstream_that_was_chosen()
    {
        var canary = new Canary("orders-next", Share.Percent(5), Stickiness.None, null, Reversion.Usual);
        foreach (var use in (AssertionUse[])[AssertionUse.Reuse, AssertionUse.PerRequest])
        {
            var policy = Policy(_harness.Route(assertion: use, canary: canary));
            foreach (var chosen in (bool[])[true, false, true])
            {
                var exchange = _harness.Exchange();
                exchange.OnCanary = chosen;
                PolicyHarness.Decide(policy, exchange);

                Assert.Equal(chosen ? "orders-next" : "orders", (string?)Claims(exchange.Assertion!)["aud"]);
            }
        }
    }

    [Fact]
    public void A_further_attempt_has_one_of_its_own_for_as_long_as_the_credential_lasts()
    {
        var exchange = _harness.Exchange();
        exchange.Caller = Person("customer-17", expires: _harness.Clock.GetUtcNow().AddSeconds(20));
        PolicyHarness.Decide(Policy(_harness.Route(assertion: AssertionUse.PerRequest)), exchange);

        var again = exchange.AssertAnew!(exchange)!;
        Assert.NotEqual((string?)Claims(exchange.Assertion!)["jti"], (string?)Claims(again)["jti"]);
        Assert.Equal((string?)Claims(exchange.Assertion!)["request"], (string?)Claims(again)["request"]);
        _harness.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(exchange.AssertAnew(exchange));
    }

    [Fact]
    public void Too_much_to_say_is_refused_before_a_backend_hears_of_it()
    {
        var exchange = _harness.Exchange();
        exchange.Caller = Person(new string('x', 9000));

        Assert.Same(Problems.InternalError, PolicyHarness.Decide(Policy(), exchange).Problem);
        Assert.Null(exchange.Assertion);
    }

    [Fact]
    public void The_table_is_bounded_and_lets_go_of_what_has_ended()
    {
        var table = new AssertionTable(most: 10);
        for (var i = 0; i < 100; i++) table.Keep(new AssertionId(CallerIdentity.Anonymous, $"place {i}", i), new HeldAssertion("text", 1, 100));
        Assert.Equal(10, table.Count);

        var later = TimeSpan.FromMinutes(5).Ticks;
        table.Keep(new AssertionId(CallerIdentity.Anonymous, "another", 7), new HeldAssertion("text", later, later + 100));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void To_find_one_allocates_nothing()
    {
        var (policy, exchange) = (Policy(), _harness.Exchange());
        exchange.Caller = Person("customer-17");
        for (var i = 0; i < 100; i++) PolicyHarness.Decide(policy, exchange);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) PolicyHarness.Decide(policy, exchange);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public void Keys_are_known_by_their_thumbprint(string algorithm)
    {
        using var rsa = RSA.Create(2048);
        var pem = algorithm == "ES256" ? _key.ExportECPrivateKeyPem() : rsa.ExportRSAPrivateKeyPem();
        var key = AssertionKey.Read(new Secret("env:KEY", Encoding.ASCII.GetBytes(pem)), out _)!;
        var published = new Microsoft.IdentityModel.Tokens.JsonWebKey(key.Published);

        Assert.Equal(algorithm, key.Algorithm);
        Assert.Equal(Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(published.ComputeJwkThumbprint()), key.Id);
        Assert.False(published.HasPrivateKey);
    }

    private Policy Policy(Route? route = null)
    {
        var context = new CompileContext
        {
            Clock = _harness.Clock,
            State = _harness.State,
            Consumers = new ConsumerDirectory([_consumer]),
            Routes = new Dictionary<RouteId, Route>(),
            Pepper = null,
            Tokens = _harness.Context.Tokens,
            Authorisers = _harness.Authorisers,
            TokenExchanges = _harness.TokenExchanges,
            AccessLog = _harness.AccessLog,
            Meter = _harness.Meter,
            Assertions = new AssertionIssuer(
                "https://gateway.example",
                [AssertionKey.Read(new Secret("env:KEY", Encoding.ASCII.GetBytes(_key.ExportPkcs8PrivateKeyPem())), out _)!])
            {
                Gateway = "front-door",
                Environment = "test",
            },
        };
        return new AssertKind().Compile(route ?? _harness.Route(), context)!;
    }

    private string Made(Policy policy, Caller caller)
    {
        var exchange = _harness.Exchange();
        exchange.Caller = caller;
        Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(policy, exchange).Kind);
        return exchange.Assertion!;
    }

    private Caller Person(
        string subject,
        DateTimeOffset? expires = null,
        string scope = "orders.read",
        string issuer = "customers",
        IReadOnlyList<string>? actors = null,
        IReadOnlyList<string>? people = null) => new()
        {
            Consumer = _consumer,
            CredentialKind = "token",
            CredentialId = Guid.NewGuid().ToString(),
            Scopes = new HashSet<Scope> { new(scope) },
            Person = new Person(issuer, subject),
            People = people ?? [],
            Actors = actors ?? [],
            Expires = expires,
        };

    private static JsonObject Claims(string assertion) =>
        JsonNode.Parse(Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Decode(assertion.Split('.')[1]))!.AsObject();

    private static long Number(string assertion, string name) => (long)Claims(assertion)[name]!;
}
