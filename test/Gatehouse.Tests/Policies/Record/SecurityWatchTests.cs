using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

public sealed class SecurityWatchTests
{
    private static readonly Consumer Shop = new()
    {
        Id = new("web-shop"),
        Kind = ConsumerKind.Application,
        Owner = "o",
        Grants = new HashSet<Scope>(),
        Authenticate = [],
    };

    private readonly PolicyHarness _harness = new() { Security = new SecurityRules { Failures = 3, TokenNetworks = true } };
    private readonly MemoryLines _told = new();

    [Fact]
    [Control("LOG-8", "a token from two networks")]
    public void A_token_that_comes_from_elsewhere_is_told_of_once()
    {
        var watch = Watch();
        var (token, other) = (Token(), Token());
        foreach (var peer in (string[])["203.0.113.5", "203.0.113.9"]) Look(watch, peer, caller: token);
        Look(watch, "198.51.100.7", caller: other);
        Assert.Empty(_told.Lines);
        foreach (var peer in (string[])["198.51.100.7", "192.0.2.1"]) Look(watch, peer, caller: token);
        Assert.Equal("token-elsewhere", (string?)Assert.Single(_told.Records)["event"]);
    }

    [Fact]
    public void Who_is_asked_who_it_is_has_not_failed()
    {
        var watch = Watch();
        for (var i = 0; i < 10; i++) Look(watch, "203.0.113.5", Problems.Unauthenticated);
        Assert.Empty(_told.Lines);
        for (var i = 0; i < 3; i++) Look(watch, "203.0.113.5", Problems.Unauthenticated, CredentialKinds.ApiKey);
        Assert.Equal(3, (int)Assert.Single(_told.Records)["count"]!);
    }

    [Fact]
    [Control("LOG-8", "spraying")]
    public void Many_credentials_of_one_address_are_as_many_failures_as_one()
    {
        var watch = Watch();
        foreach (var (id, peer) in new[] { ("a", "203.0.113.5"), ("b", "203.0.113.5"), ("c", "203.0.113.5"), ("d", "198.51.100.7") })
            Look(watch, peer, Problems.Unauthenticated, CredentialKinds.ApiKey, guessed: id);
        Assert.Equal(["authentication-failures"], _told.Records.Select(r => (string?)r["event"]));
    }

    private static Caller Token() => new() { Consumer = Shop, CredentialKind = "token", CredentialId = "web-shop", Scopes = Shop.Grants };

    private SecurityWatch Watch()
    {
        var context = _harness.Context;
        var events = new SecurityEvents(context.Events!, _harness.Meter, _harness.Clock, "a key"u8, _harness.Security) { Shipped = _told };
        return new SecurityWatch("edge", events, context);
    }

    private void Look(
        SecurityWatch watch, string peer, Problem? problem = null, CredentialKinds presented = default, string? guessed = null, Caller? caller = null)
    {
        var exchange = _harness.Exchange(peer: peer);
        (exchange.Problem, exchange.Presented, exchange.GuessedKeyId, exchange.Caller) = (problem, presented, guessed, caller);
        watch.Look(exchange);
    }
}
