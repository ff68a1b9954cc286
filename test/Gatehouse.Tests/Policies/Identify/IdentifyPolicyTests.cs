using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Access;
using Gatehouse.Policies.Identify;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using static Gatehouse.Tests.Policies.Identify.Proofs;

namespace Gatehouse.Tests.Policies.Identify;

public sealed class IdentifyPolicyTests
{
    private const string Forwarding = "forwardCredential: The old service signs people in by itself";
    private const string Freight = "dns:freight.acme.example";

    private readonly PolicyHarness _harness = new();

    public IdentifyPolicyTests() => _harness.Consumers.Add(Consumer("freight", Entry(name: Freight, from: "192.0.2.0/24")));

    [Fact]
    public void Identifies_by_the_certificate_of_the_connection()
    {
        _harness.Certificate = Certificate(Freight);
        var exchange = Exchange();
        Assert.Null(Decide(exchange).Problem);
        Assert.Equal(("freight", "certificate", "abcdefghijklmnop"), (exchange.ConsumerName, exchange.CredentialKind, exchange.CredentialId));
    }

    [Fact]
    public void A_certificate_of_no_consumer_identifies_nobody() // its listener asks everybody for one, on anonymous routes too
    {
        _harness.Certificate = Certificate("dns:freight.acme.example.evil.test");
        var exchange = Exchange();
        Assert.Null(Decide(exchange).Problem);
        Assert.Null(exchange.Caller);
        var access = new AccessKind().Compile(_harness.Route(access: new() { Consumers = [new("freight")] }), _harness.Context);
        var verdict = PolicyHarness.Decide(access, exchange);
        Assert.Equal((Problems.Unauthenticated, "certificate: of no consumer"), (verdict.Problem, verdict.Reason));
    }

    [Fact]
    [Control("IPX-5", "an address never stands for a credential, nor a credential for an address")]
    public void An_address_alone_identifies_nobody()
    {
        var exchange = Exchange();
        Assert.Null(Decide(exchange).Problem);
        Assert.Null(exchange.Caller);
    }

    [Theory]
    [InlineData("Basic YTpi")]
    [InlineData("Negotiate x")]
    [InlineData("BearerX y")]
    [InlineData("token")]
    [InlineData(" ")]
    [InlineData("")]
    public void Refuses_a_scheme_that_proves_nobody(string authorization)
    {
        var exchange = Exchange(("Authorization", authorization));
        Assert.Same(Problems.Unauthenticated, Decide(exchange).Problem);
        Assert.False(exchange.RequestHeaders.ContainsKey("Authorization"));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("bearer  ")]
    [InlineData("Bearer x.y.z")]
    [InlineData("DPoP x")]
    [Control("IDP-3")]
    public void A_token_that_is_not_good_is_refused_and_taken_off(string authorization)
    {
        var exchange = Exchange(("Authorization", authorization), ("DPoP", "x"));
        Assert.Same(Problems.Unauthenticated, Decide(exchange).Problem);
        Assert.Equal((CredentialKinds.Token, null, null), (exchange.Presented, exchange.Caller, exchange.PresentedToken));
        Assert.False(exchange.RequestHeaders.ContainsKey("Authorization") || exchange.RequestHeaders.ContainsKey("DPoP"));
    }

    [Theory]
    [InlineData("Authorization", "Bearer a, Bearer b")]
    [InlineData("Authorization", "Bearer a", "Bearer a")]
    [InlineData("Authorization", "Basic a", "Bearer a")]
    [InlineData("DPoP", "a", "b")]
    [InlineData("X-Api-Key", "a", "b")]
    [Control("KEY-12", "two of one kind")]
    public void Picks_none_of_two_of_one_kind(string name, params string[] values) =>
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange([.. values.Select(v => (name, v))])).Problem);

    [Fact]
    [Control("KEY-12", "kinds that are not declared together")]
    public void Refuses_kinds_that_nobody_declares_together_before_it_looks_at_them()
    {
        _harness.Certificate = Certificate(Freight);
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange(("X-Api-Key", "whatever"))).Problem);
    }

    [Theory]
    [InlineData("Basic YTpi", "Basic YTpi")]
    [InlineData("Bearer x", null)]
    public void Forwards_a_scheme_that_is_the_backends_where_the_route_says_why(string authorization, string? forwarded)
    {
        var exchange = Exchange(("Authorization", authorization));
        var verdict = Decide(exchange, Forwarding);
        Assert.Equal(forwarded is null ? Problems.Unauthenticated : null, verdict.Problem);
        Assert.Null(exchange.Caller);
        if (forwarded is not null) Assert.Equal(forwarded, exchange.RequestHeaders.Authorization);
    }

    [Theory]
    [InlineData("forwardCredential: true")]
    [InlineData("forwardCredential: ''")]
    [InlineData("forwardCredential:")]
    [InlineData("forwardCredential: because")]
    [InlineData("forwardCredential: [a sentence that is long enough]")]
    public void A_credential_is_not_forwarded_without_a_reason(string fragment)
    {
        Policy(fragment);
        Assert.Equal("GH1036", Assert.Single(_harness.Findings.InOrder()).Rule.Id);
    }

    [Fact]
    public void An_issuer_that_is_out_of_reach_is_worth_another_try()
    {
        var exchange = Exchange();
        exchange.Problem = Problems.IdentityUnavailable;
        Policy().OnResponse(exchange);
        Assert.Equal("5", exchange.ResponseHeaders.RetryAfter);
        Assert.Empty(exchange.ResponseHeaders.WWWAuthenticate.ToString());
    }

    private Exchange Exchange(params (string Name, string Value)[] headers) => _harness.Exchange(peer: "192.0.2.9", headers: headers);

    private Policy Policy(string fragment = "{}")
    {
        var kind = new IdentifyKind();
        return kind.Compile(_harness.Route(kind, fragment), _harness.Context);
    }

    private Verdict Decide(Exchange exchange, string fragment = "{}") => PolicyHarness.Decide(Policy(fragment), exchange);
}
