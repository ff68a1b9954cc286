using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Identify;
using Gatehouse.TestKit;
using static Gatehouse.Tests.Policies.Identify.Proofs;
using RouteAccess = Gatehouse.Routes.Access;

namespace Gatehouse.Tests.Policies.Identify;

public sealed class ChallengeTests
{
    private readonly PolicyHarness _harness = new();

    public ChallengeTests()
    {
        var key = new ApiKeyCredential("k7f3abcd", new byte[32], DateTimeOffset.MaxValue, null);
        _harness.Consumers.Add(Consumer("shop", Entry(client: "web-shop")));
        _harness.Consumers.Add(Consumer("sync", Entry(key: key)));
        _harness.Consumers.Add(Consumer("freight", Entry(name: "dns:freight.acme.example")));
    }

    [Theory]
    [InlineData("shop", "Bearer realm=\"gatehouse\", scope=\"stock.read stock.write\"")]
    [InlineData("sync", "ApiKey realm=\"gatehouse\"")]
    [InlineData("freight", "Certificate realm=\"gatehouse\"")]
    [InlineData("shop sync", "Bearer realm=\"gatehouse\", scope=\"stock.read stock.write\"|ApiKey realm=\"gatehouse\"")]
    [Control("JWT-23", "scheme, error and scope")]
    public void Asks_for_what_the_consumers_of_the_route_have(string consumers, string challenge) =>
        Assert.Equal(challenge, Challenge(consumers, Problems.Unauthenticated, CredentialKinds.None));

    [Fact]
    public void On_an_anonymous_route_asks_for_what_anybody_has() =>
        Assert.Equal("Bearer realm=\"gatehouse\"|ApiKey realm=\"gatehouse\"", Challenge(null, Problems.Unauthenticated, CredentialKinds.None));

    [Theory]
    [InlineData("Unauthenticated", true, "Bearer realm=\"gatehouse\", error=\"invalid_token\", scope=\"stock.read stock.write\"")]
    [InlineData("Unauthenticated", false, "Bearer realm=\"gatehouse\", scope=\"stock.read stock.write\"")]
    [InlineData("InsufficientScope", true, "Bearer realm=\"gatehouse\", error=\"insufficient_scope\", scope=\"stock.read stock.write\"")]
    [InlineData("InsufficientScope", false, "")]
    [InlineData("Forbidden", true, "")]
    [InlineData("CredentialAmbiguous", true, "")]
    [InlineData(null, true, "")]
    [Control("JWT-17", "the challenge")]
    [Control("JWT-23", "scheme, error and scope")]
    [Control("AZN-3", "insufficient_scope")]
    public void Says_one_word_about_a_token_and_only_when_there_was_one(string? problem, bool token, string challenge)
    {
        var named = problem switch
        {
            "Unauthenticated" => Problems.Unauthenticated,
            "InsufficientScope" => Problems.InsufficientScope,
            "Forbidden" => Problems.Forbidden,
            "CredentialAmbiguous" => Problems.CredentialAmbiguous,
            _ => null,
        };
        Assert.Equal(challenge, Challenge("shop", named, token ? CredentialKinds.Token : CredentialKinds.ApiKey));
    }

    private string Challenge(string? consumers, Problem? problem, CredentialKinds presented)
    {
        var access = consumers is null ? null : new RouteAccess
        {
            Consumers = [.. consumers.Split(' ').Select(c => new ConsumerId(c))],
            Scopes = [new Scope("stock.read"), new Scope("stock.write")],
        };
        var exchange = _harness.Exchange();
        (exchange.Problem, exchange.Presented) = (problem, presented);
        new IdentifyKind().Compile(_harness.Route(access: access), _harness.Context).OnResponse(exchange);
        return string.Join('|', exchange.ResponseHeaders.WWWAuthenticate.ToArray());
    }
}
