using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

/// <summary>A token that is bound to something is good only together with it, each time that it is presented.</summary>
public sealed class PossessionTests : IDisposable
{
    private const string Thumbprint = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
    private const string Target = "https://api.retailer.example/orders/17";

    private readonly TokenHarness _harness = new();
    private readonly TestKey _client = TestKey.Make("client", "ES256");
    private readonly TokenVerifier _verifier;

    public PossessionTests() => _verifier = _harness.Verifier();

    public void Dispose()
    {
        _client.Dispose();
        _harness.Dispose();
    }

    [Fact]
    [Control("JWT-18")]
    public async Task Takes_a_token_that_is_bound_to_a_certificate_only_with_that_one()
    {
        var token = _harness.Token(new JsonObject { ["cnf"] = new JsonObject { ["x5t#S256"] = Thumbprint } });
        var bearer = TokenHarness.Bearer(token);
        for (var i = 0; i < 2; i++) // remembered or not
        {
            Assert.NotNull((await _verifier.VerifyAsync(bearer with { CertificateThumbprint = Thumbprint })).Token);
            foreach (var other in (string?[])[null, "", "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg3"])
                Assert.Equal(
                    "token: bound to another client certificate",
                    (await _verifier.VerifyAsync(bearer with { CertificateThumbprint = other })).Reason);
        }
    }

    [Theory]
    [InlineData("""{"kid":"k"}""", "token: bound to what cannot be checked")]
    [InlineData("""{"jwk":{"kty":"EC"}}""", "token: bound to what cannot be checked")]
    [InlineData("""{"x5t#S256":"a","new":"b"}""", "token: bound to what cannot be checked")]
    [InlineData("{}", "token: 'cnf' is no confirmation")]
    [InlineData("\"jkt\"", "token: 'cnf' is no confirmation")]
    [InlineData("""{"jkt":7}""", "token: 'cnf' is no confirmation")]
    public async Task Refuses_a_bond_that_it_does_not_know(string bond, string reason) =>
        Assert.Equal(reason, (await TokenHarness.JudgeAsync(_verifier, _harness.Token(new JsonObject { ["cnf"] = JsonNode.Parse(bond) }))).Reason);

    [Fact]
    public async Task Refuses_tokens_that_are_not_bound_where_the_issuer_binds_them()
    {
        var dpop = _harness.Verifier(_harness.Declared() with { Bound = TokenBond.Dpop });
        Assert.Equal("token: not bound to a key", (await TokenHarness.JudgeAsync(dpop, _harness.Token())).Reason);
        var certificate = _harness.Verifier(_harness.Declared() with { Bound = TokenBond.Certificate });
        Assert.Equal("token: not bound to a certificate", (await TokenHarness.JudgeAsync(certificate, _harness.Token())).Reason);
    }

    [Fact]
    [Control("JWT-19")]
    public async Task Takes_a_token_that_is_bound_to_a_key_only_with_a_new_proof_of_it()
    {
        var token = Bound();
        for (var i = 0; i < 3; i++) Assert.NotNull((await PresentAsync(token, Proof(token))).Token);
        var proof = Proof(token);
        Assert.NotNull((await PresentAsync(token, proof)).Token);
        Assert.Equal("proof: used before", (await PresentAsync(token, proof)).Reason);
        Assert.Equal("proof: none", (await PresentAsync(token, null)).Reason);
        Assert.Equal("proof: malformed", (await PresentAsync(token, "")).Reason);
        Assert.Equal("proof: malformed", (await PresentAsync(token, proof + ".")).Reason);
    }

    [Fact]
    [Control("JWT-19", "no way around it by the other scheme")]
    public async Task Refuses_a_bound_token_as_a_bearers_and_a_bearers_as_a_bound_one()
    {
        var token = Bound();
        var bearer = new PresentedToken(TokenScheme.Bearer, token, null, Proof(token), "GET", Target);
        Assert.Equal("token: bound to a key, but presented as Bearer", (await _verifier.VerifyAsync(bearer)).Reason);
        Assert.Equal("token: bound to a key, but presented as Bearer", (await _verifier.VerifyAsync(bearer)).Reason);
        var unbound = _harness.Token();
        Assert.Equal("token: DPoP, but not bound to a key", (await PresentAsync(unbound, Proof(unbound))).Reason);
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { """{"htm":"POST"}""", "{}", "proof: for another method" },
        { """{"htm":"get"}""", "{}", "proof: for another method" },
        { """{"htu":"https://api.retailer.example/orders/18"}""", "{}", "proof: for another target" },
        { """{"htu":"https://other.example/orders/17"}""", "{}", "proof: for another target" },
        { """{"htu":"http://api.retailer.example/orders/17"}""", "{}", "proof: for another target" },
        { """{"htu":"/orders/17"}""", "{}", "proof: for another target" },
        { """{"ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}""", "{}", "proof: for another token" },
        { """{"ath":null}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"jti":null}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"htm":null}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"htu":null}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"iat":null}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"iat":"1"}""", "{}", "proof: a claim is missing or has the wrong type" },
        { """{"iat":1795435139}""", "{}", "proof: too old" },
        { """{"iat":1795435231}""", "{}", "proof: issued in the future" },
        { "{}", """{"typ":"JWT"}""", "proof: 'typ' is not dpop+jwt" },
        { "{}", """{"typ":null}""", "proof: 'typ' is not dpop+jwt" },
        { "{}", """{"alg":"none"}""", "proof: algorithm not taken" },
        { "{}", """{"alg":"HS256"}""", "proof: algorithm not taken" },
        { "{}", """{"alg":"ES384"}""", "proof: no usable key" },
        { "{}", """{"jwk":null}""", "proof: no usable key" },
        { "{}", """{"jwk":{"kty":"oct","k":"AAAA"}}""", "proof: no usable key" },
        { "{}", """{"crit":["x"]}""", "proof: malformed" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    [Control("JWT-19", "each thing that a proof says")]
    public async Task Refuses_a_proof_of_something_else(string claims, string header, string reason)
    {
        Assert.Equal(1795435200, _harness.Now.ToUnixTimeSeconds());
        var token = Bound();
        for (var i = 0; i < 2; i++)
        {
            var proof = Proof(token, JsonNode.Parse(claims)!.AsObject(), JsonNode.Parse(header)!.AsObject());
            Assert.Equal(reason, (await PresentAsync(token, proof)).Reason);
        }
    }

    [Fact]
    [Control("JWT-19", "the key")]
    public async Task Refuses_a_proof_of_another_key()
    {
        var token = Bound();
        using var other = TestKey.Make("other", "ES256");
        Assert.Equal("proof: of another key than the token's",
            (await PresentAsync(token, TestIssuer.Proof(_harness.Now, other, "GET", Target, token))).Reason);
        var stolen = _client.Public();
        foreach (var name in (string[])["kid", "alg", "use"]) stolen.Remove(name);
        var forged = TestIssuer.Proof(_harness.Now, other, "GET", Target, token, header: new JsonObject { ["jwk"] = stolen });
        Assert.Equal("proof: signature", (await PresentAsync(token, forged)).Reason);
        Assert.NotNull((await PresentAsync(token, Proof(token))).Token);
        Assert.Equal("proof: signature", (await PresentAsync(token, forged)).Reason); // also when the key is known
    }

    [Theory]
    [InlineData("HTTPS://API.retailer.example:443/orders/17")]
    [InlineData("https://api.retailer.example/orders/17?x=1#y")]
    public async Task Takes_another_spelling_of_the_same_target(string target)
    {
        var token = Bound();
        Assert.NotNull((await PresentAsync(token, Proof(token, new JsonObject { ["htu"] = target }))).Token);
    }

    [Fact]
    public void Remembers_proofs_for_as_long_as_they_could_be_used_and_no_more_than_it_can_hold()
    {
        var memory = new ProofMemory(capacity: 3);
        var now = _harness.Now;
        for (var i = 0; i < 3; i++) Assert.Equal(ProofUse.First, memory.Take("shop", "k", $"{i}", now));
        Assert.Equal(ProofUse.Unknown, memory.Take("shop", "k", "3", now));
        Assert.Equal(ProofUse.Again, memory.Take("shop", "k", "1", now.AddSeconds(121)));
        Assert.Equal(ProofUse.First, memory.Take("shop", "k", "4", now.AddSeconds(121)));
        Assert.Equal(ProofUse.First, memory.Take("shop", "k", "1", now.AddSeconds(250)));
        Assert.Equal(ProofUse.First, memory.Take("shop", "other", "1", now.AddSeconds(250)));
        Assert.Equal(ProofUse.First, memory.Take("shop", "k", "1", now.AddSeconds(1000)));
    }

    [Fact]
    [Control("JWT-16", "one holder cannot fill the memory of proofs")]
    public void One_caller_fills_no_more_than_a_share_of_the_memory_of_proofs()
    {
        var memory = new ProofMemory(capacity: 5, share: 2);
        var now = _harness.Now;
        Assert.Equal(ProofUse.First, memory.Take("shop", "a", "1", now));
        Assert.Equal(ProofUse.First, memory.Take("shop", "b", "1", now)); // another key of the same caller
        Assert.Equal(ProofUse.Unknown, memory.Take("shop", "c", "1", now));
        Assert.Equal(ProofUse.Again, memory.Take("shop", "a", "1", now));
        Assert.Equal(ProofUse.First, memory.Take("till", "d", "1", now));
        Assert.Equal(ProofUse.First, memory.Take("shop", "c", "1", now.AddSeconds(121)));
    }

    private string Bound() => _harness.Token(new JsonObject { ["cnf"] = new JsonObject { ["jkt"] = _client.Thumbprint } });

    private string Proof(string token, JsonObject? claims = null, JsonObject? header = null) =>
        TestIssuer.Proof(_harness.Now, _client, "GET", Target, token, claims, header);

    private async Task<TokenVerdict> PresentAsync(string token, string? proof) =>
        await _verifier.VerifyAsync(new PresentedToken(TokenScheme.Dpop, token, null, proof, "GET", Target));
}
