using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Identify;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using static Gatehouse.Tests.Policies.Identify.Proofs;

namespace Gatehouse.Tests.Policies.Identify;

/// <summary>Calls with tokens that are really signed and really verified.</summary>
public sealed class TokenCallTests : IDisposable
{
    private readonly PolicyHarness _harness = new() { Connection = new ConnectionMemory() };
    private readonly TestIssuer _issuer = new();

    public TokenCallTests()
    {
        _harness.Tokens = Verifier(IssuerOf(new KeySource { Set = Encoding.UTF8.GetBytes(_issuer.Jwks()) }));
        _harness.Consumers.Add(Consumer("shop", Entry(client: "web-shop")));
        _harness.Consumers.Add(Consumer("freight", Entry(name: "dns:freight.acme.example")));
        _harness.People.Add(new PeopleGroup("customers", "customers", []));
    }

    public void Dispose() => _issuer.Dispose();

    [Fact]
    [Control("IDP-3")]
    public async Task Identifies_by_a_token_and_keeps_it_from_the_backend()
    {
        var token = Token();
        var exchange = Exchange(("Authorization", "Bearer " + token));
        Assert.Null((await DecideAsync(exchange)).Problem);
        Assert.Equal(("shop", "token", "customers", token),
            (exchange.ConsumerName, exchange.CredentialKind, exchange.Caller!.PeopleText, exchange.PresentedToken));
        Assert.Equal(_harness.Clock.GetUtcNow() + TimeSpan.FromMinutes(5) + Issuer.UsualSkew, exchange.PresentedTokenEnds);
        Assert.Equal(new Person("customers", "anna"), exchange.Caller.Person);
        Assert.Equal([new Scope("orders.read")], exchange.Caller.Scopes);
        Assert.False(exchange.RequestHeaders.ContainsKey("Authorization"));
        Assert.DoesNotContain(exchange.CredentialId!, token, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forwards_a_good_token_where_the_route_says_why()
    {
        var exchange = Exchange(("Authorization", "Bearer " + Token()), ("DPoP", "x"));
        Assert.Null((await Policy("forwardCredential: The old service reads it by itself").OnRequestAsync(exchange)).Problem);
        Assert.StartsWith("Bearer ey", exchange.RequestHeaders.Authorization.ToString(), StringComparison.Ordinal);
        Assert.False(exchange.RequestHeaders.ContainsKey("DPoP"));
    }

    [Fact]
    [Control("JWT-17")]
    public async Task Gives_every_bad_token_the_same_answer_and_the_log_the_reason()
    {
        var now = _harness.Clock.GetUtcNow();
        using var stranger = new TestIssuer();
        (string Token, string Reason)[] bad =
        [
            (Token(new JsonObject { ["aud"] = "other" }), "aud"),
            (Token(new JsonObject { ["iss"] = "https://other.example" }), "of no declared issuer"),
            (_issuer.Token(now.AddHours(-1)), "exp"), (Token(new JsonObject { ["client_id"] = "other" }), "client that no consumer names"),
            (stranger.Token(now), "signature"), (TokenHarness.Spoil(Token()), "signature"), ("x", "token"), ("", "empty"),
        ];
        var answers = new HashSet<string>();
        var reasons = new HashSet<string>();
        foreach (var (token, reason) in bad)
        {
            var exchange = Exchange(("Authorization", "Bearer " + token));
            var policy = Policy();
            var verdict = await policy.OnRequestAsync(exchange);
            Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
            exchange.Problem = verdict.Problem;
            policy.OnResponse(exchange);
            reasons.Add(verdict.Reason!);
            answers.Add($"{verdict.Problem!.Name} {exchange.ResponseHeaders.WWWAuthenticate}");
            Assert.Null(exchange.Caller);
            Assert.Null(exchange.PresentedToken);
        }

        Assert.Equal("""unauthenticated Bearer realm="gatehouse", error="invalid_token" """.Trim(), Assert.Single(answers));
        Assert.True(reasons.Count > 5);
    }

    [Fact]
    [Control("KEY-12", "kinds that are not declared together")]
    public async Task A_token_beside_the_certificate_of_nobody_together_is_ambiguous()
    {
        _harness.Certificate = Certificate("dns:freight.acme.example");
        Assert.Same(Problems.CredentialAmbiguous, (await DecideAsync(Exchange(("Authorization", "Bearer " + Token())))).Problem);
    }

    [Theory]
    [InlineData("thumbprint", "dns:unrelated.example", null)] // a part of the token: it need be nobody's by itself
    [InlineData("thumbprint", "dns:freight.acme.example", "credentials of different consumers")]
    [InlineData("another", "dns:unrelated.example", "token: bound to another client certificate")]
    [Control("JWT-18")]
    public async Task A_token_that_is_bound_to_a_certificate_comes_over_that_connection_only(string thumbprint, string name, string? reason)
    {
        _harness.Certificate = Certificate(name);
        var exchange = Exchange(("Authorization", "Bearer " + Token(new JsonObject { ["cnf"] = new JsonObject { ["x5t#S256"] = thumbprint } })));
        Assert.Equal(reason, (await DecideAsync(exchange)).Reason);
        Assert.Equal(reason is null ? "token" : null, exchange.CredentialKind);
    }

    [Theory]
    [InlineData("http://localhost/orders/17", null)]
    [InlineData("http://localhost/orders/18", "proof")]
    [InlineData("https://localhost/orders/17", "proof")]
    [InlineData(null, "proof")]
    [Control("JWT-19", "what a proof is compared with")]
    public async Task A_proof_of_possession_is_about_this_very_request(string? target, string? reason)
    {
        using var key = TestKey.Make("client", "ES256");
        var token = Token(new JsonObject { ["cnf"] = new JsonObject { ["jkt"] = key.Thumbprint } });
        var authorization = ("Authorization", "DPoP " + token);
        var exchange = target is null ? Exchange(authorization)
            : Exchange(authorization, ("DPoP", TestIssuer.Proof(_harness.Clock.GetUtcNow(), key, "GET", target, token)));
        var verdict = await DecideAsync(exchange);
        if (reason is null) Assert.Null(verdict.Reason);
        else Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
        Assert.Equal(reason is null ? "shop" : null, exchange.ConsumerName);
    }

    [Fact]
    [Control("JWT-23", "scheme, error and scope")]
    public void Asks_for_a_proof_where_the_issuer_does()
    {
        _harness.Tokens = Verifier(IssuerOf(new KeySource { Set = Encoding.UTF8.GetBytes(_issuer.Jwks()) }) with { Bound = TokenBond.Dpop });
        var exchange = Exchange();
        exchange.Problem = Problems.Unauthenticated;
        Policy().OnResponse(exchange);
        Assert.StartsWith("DPoP realm=\"gatehouse\", algs=\"", exchange.ResponseHeaders.WWWAuthenticate[0], StringComparison.Ordinal);
        Assert.Contains("ES256", exchange.ResponseHeaders.WWWAuthenticate[0], StringComparison.Ordinal);
    }

    [Fact]
    [Control("JWT-13", "what the client is told")]
    public async Task An_issuer_out_of_reach_is_not_the_clients_fault()
    {
        _harness.Tokens = Verifier(IssuerOf(new KeySource { Jwks = new Uri("http://127.0.0.1:1/keys") }));
        var exchange = Exchange(("Authorization", "Bearer " + Token()));
        var policy = Policy();
        exchange.Problem = (await policy.OnRequestAsync(exchange)).Problem;
        Assert.Same(Problems.IdentityUnavailable, exchange.Problem);
        policy.OnResponse(exchange);
        Assert.Equal("5", exchange.ResponseHeaders.RetryAfter);
        Assert.Equal((503, ProblemSource.Gateway, null), (exchange.Problem!.Status, exchange.Problem.Source, exchange.Caller));
    }

    [Fact]
    public async Task A_token_that_comes_again_over_its_connection_costs_no_memory()
    {
        var policy = Policy();
        var text = "Bearer " + Token();
        for (var i = 0; i < 3; i++) Assert.Null((await policy.OnRequestAsync(Exchange(("Authorization", text)))).Problem);
        var again = Exchange(("Authorization", text));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var deciding = policy.OnRequestAsync(again);
        var cost = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(deciding.IsCompletedSuccessfully);
        Assert.Null((await deciding).Problem);
        Assert.Equal(0, cost);
    }

    [Fact]
    public async Task Another_token_over_the_same_connection_is_another_token()
    {
        _harness.Consumers.Add(Consumer("app", Entry(client: "app")));
        foreach (var client in (string[])["web-shop", "app", "web-shop", "nobody"])
        {
            var exchange = Exchange(("Authorization", "Bearer " + Token(new JsonObject { ["client_id"] = client })));
            await DecideAsync(exchange);
            Assert.Equal(client switch { "web-shop" => "shop", "app" => "app", _ => null }, exchange.ConsumerName);
        }
    }

    private static Issuer IssuerOf(KeySource keys) => new()
    {
        Name = "customers",
        Identifier = "https://id.retailer.example",
        Audiences = ["retailer-apis"],
        Algorithms = [SigningAlgorithm.ES256],
        Keys = keys,
    };

    private TokenVerifier Verifier(Issuer issuer) =>
        TokenVerifier.For([issuer], (kind, identity, make) => _harness.State.Get(kind, identity, make), _harness.Clock, null, _harness.Meter);

    private string Token(JsonObject? claims = null) => _issuer.Token(_harness.Clock.GetUtcNow(), claims);

    private Exchange Exchange(params (string Name, string Value)[] headers) => _harness.Exchange(headers: headers);

    private Policy Policy(string fragment = "{}")
    {
        var kind = new IdentifyKind();
        return kind.Compile(_harness.Route(kind, fragment), _harness.Context);
    }

    private ValueTask<Verdict> DecideAsync(Exchange exchange) => Policy().OnRequestAsync(exchange);
}
