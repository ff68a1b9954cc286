using Gatehouse.Pipeline;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>Tokens of an issuer that nobody made for these tests: OpenIddict, found by its discovery document.</summary>
public sealed class RealIssuerTests
{
    [Fact]
    public async Task Takes_the_tokens_of_a_real_issuer()
    {
        await using var real = await RealIssuer.StartAsync();
        var token = await real.TokenAsync();
        using var meter = new GatehouseMeter();
        var state = new StateStore();
        var issuer = new Issuer
        {
            Name = "customers",
            Identifier = real.Address.ToString(),
            Audiences = ["retailer-apis"],
            Algorithms = [SigningAlgorithm.RS256],
            Keys = new KeySource { ByDiscovery = true, Hosts = ["127.0.0.1"] },
            IsProfiled = true,
        };
        var verdict = await TokenHarness.JudgeAsync(Verifier(issuer), token);
        Assert.Null(verdict.Reason);
        Assert.Equal(("anna", "web-shop"), (verdict.Token!.Subject, verdict.Token.ClientId));
        Assert.Contains("orders.read", verdict.Token.Scopes.Select(s => s.Value));
        Assert.Equal("token: for another audience", (await TokenHarness.JudgeAsync(Verifier(issuer with { Audiences = ["other"] }), token)).Reason);
        Assert.Null((await TokenHarness.JudgeAsync(Verifier(issuer), TokenHarness.Spoil(token))).Token);

        TokenVerifier Verifier(Issuer declared) => TokenVerifier.For(
            [declared], (kind, identity, create) => state.Get(kind, identity, create), TimeProvider.System, null, meter);
    }
}
