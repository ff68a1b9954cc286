using System.Diagnostics;
using System.Net;
using System.Text;
using CsCheck;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Identify;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Identify;

public sealed class ApiKeyTests
{
    private static readonly Secret Pepper = new("env:TEST", Encoding.ASCII.GetBytes("a pepper of at least thirty-two bytes"));

    private readonly PolicyHarness _harness = new() { Pepper = Pepper };
    private readonly NewApiKey _key = ApiKeyText.Create();
    private readonly NewApiKey _next = ApiKeyText.Create();
    private readonly NewApiKey _revoked = ApiKeyText.Create();
    private readonly NewApiKey _fromOffice = ApiKeyText.Create();
    private readonly NewApiKey _stranger = ApiKeyText.Create();
    private readonly DateTimeOffset _start;

    public ApiKeyTests()
    {
        _start = _harness.Clock.GetUtcNow();
        _harness.Consumers.Add(new Consumer
        {
            Id = new ConsumerId("stock-sync"),
            Kind = ConsumerKind.Service,
            Owner = "stock@example.test",
            Grants = new HashSet<Scope>(),
            Authenticate =
            [
                Entry(_key, _start.AddHours(1)),
                Entry(_next, _start.AddHours(3)),
                Entry(_revoked, _start.AddHours(3), _start),
                Entry(_fromOffice, _start.AddHours(3), from: new Networks([IPNetwork.Parse("192.0.2.0/24")])),
            ],
        });
    }

    [Fact]
    public void Identifies_the_holder_of_a_good_key()
    {
        var exchange = Exchange(("X-Api-Key", _key.Key));
        Assert.Null(Decide(exchange));
        Assert.Equal(("stock-sync", _key.Id), (exchange.Consumer?.Id.Value, exchange.CredentialId));
    }

    [Fact]
    public void Identifies_nobody_without_a_key()
    {
        var exchange = Exchange();
        Assert.Null(Decide(exchange));
        Assert.Equal((null, null), (exchange.Consumer, exchange.CredentialId));
    }

    [Fact]
    [Control("KEY-3")]
    [Control("ERR-4", "keys")]
    [Control("KEY-4")]
    public void Gives_every_bad_key_the_same_answer_and_the_log_the_reason()
    {
        var wrong = TestKeys.WithOtherSecret(_key);
        (string Key, string Reason)[] bad =
        [
            ("", "malformed"), ("x", "malformed"), (_key.Key + "0", "malformed"), (_key.Key.ToUpperInvariant(), "malformed"), (_key.Id, "malformed"),
            (_key.Key[..^1] + (_key.Key[^1] == '0' ? '1' : '0'), "malformed"), (new string('k', 5000), "malformed"), ("ghk_\u00e9", "malformed"),
            (_stranger.Key, "unknown"), (wrong, "wrong"), (_revoked.Key, "revoked"), (_fromOffice.Key, "address"),
        ];
        foreach (var (key, reason) in bad)
        {
            var exchange = Exchange(("X-Api-Key", key));
            var verdict = Verdict(exchange);
            Assert.Same(Problems.Unauthenticated, verdict.Problem);
            Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
            Assert.Null(exchange.Consumer);
            Assert.Null(exchange.CredentialId);
        }

        _harness.Clock.Advance(TimeSpan.FromHours(1));
        var late = Verdict(Exchange(("X-Api-Key", _key.Key)));
        Assert.Same(Problems.Unauthenticated, late.Problem);
        Assert.Contains("expired", late.Reason, StringComparison.Ordinal);
    }

    [Fact]
    [Control("KEY-3")]
    public void Takes_the_same_time_for_every_bad_key()
    {
        var check = new ApiKeyCheck(_harness.Context.Consumers, Pepper, _harness.Clock);
        string[] bad = ["", "x", new string('k', 5000), _stranger.Key, TestKeys.WithOtherSecret(_key), _revoked.Key];
        var fastest = bad.Select(_ => TimeSpan.MaxValue).ToArray();
        for (var round = 0; round < 200; round++)
        {
            for (var i = 0; i < bad.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                for (var n = 0; n < 50; n++) Assert.Null(check.Find(bad[i], out _, out _));
                var took = Stopwatch.GetElapsedTime(start);
                if (took < fastest[i]) fastest[i] = took;
            }
        }

        // a key that costs no hash would take a hundredth of the time
        Assert.True(fastest.Max() < 3 * fastest.Min(), string.Join(", ", fastest));
    }

    [Fact]
    [Control("KEY-3")]
    public void Compares_hashes_in_constant_time() => Assert.Contains( // which no clock of a test could tell from another comparison
        "CryptographicOperations.FixedTimeEquals(hash, ",
        File.ReadAllText(Path.Combine(Golden.Repository, "src/Gatehouse/Policies/Identify/ApiKeyCheck.cs")),
        StringComparison.Ordinal);

    [Fact]
    [Control("KEY-5", "a connection that lasts")]
    public void Knows_the_key_of_a_connection_again_and_not_for_longer_than_it_is_good()
    {
        var (directory, connection) = (_harness.Context.Consumers, new ConnectionMemory());
        var check = new ApiKeyCheck(directory, Pepper, _harness.Clock);
        var holder = check.Find(_key.Key, connection, out _, out _);
        Assert.NotNull(holder);
        var otherPepper = new Secret("env:OTHER", new byte[ApiKeyHash.LeastPepperBytes]);
        var withoutHash = new ApiKeyCheck(directory, otherPepper, _harness.Clock);
        Assert.Same(holder, withoutHash.Find(new string(_key.Key), connection, out _, out _)); // as the server reads it for the next request
        foreach (var other in new[] { TestKeys.WithOtherSecret(_key), _next.Key, _stranger.Key, _revoked.Key, _key.Key + "x", _key.Key[..^1], "" })
            Assert.Null(withoutHash.Find(other, connection, out _, out _));

        var reloaded = new ApiKeyCheck(new ConsumerDirectory(directory.All), otherPepper, _harness.Clock);
        Assert.Null(reloaded.Find(_key.Key, connection, out _, out _));
        _harness.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(check.Find(_key.Key, connection, out var reason, out _));
        Assert.Contains("expired", reason, StringComparison.Ordinal);
    }

    [Fact]
    [Control("KEY-5")]
    public void Takes_both_keys_of_a_rotation_until_the_old_one_ends()
    {
        _harness.Clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        Assert.Equal((null, null), (Decide(Exchange(("X-Api-Key", _key.Key))), Decide(Exchange(("X-Api-Key", _next.Key)))));
        _harness.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Same(Problems.Unauthenticated, Decide(Exchange(("X-Api-Key", _key.Key))));
        var exchange = Exchange(("X-Api-Key", _next.Key));
        Assert.Null(Decide(exchange));
        Assert.Equal(_next.Id, exchange.CredentialId); // which is what the record says
    }

    [Fact]
    public void Takes_a_key_only_from_the_addresses_of_its_entry()
    {
        var exchange = Exchange(("X-Api-Key", _fromOffice.Key));
        exchange.Client = new ClientAddress(IPAddress.Parse("192.0.2.9"));
        Assert.Null(Decide(exchange));
    }

    [Fact]
    public void Takes_no_key_without_the_pepper()
    {
        _harness.Pepper = null;
        Assert.Same(Problems.Unauthenticated, Decide(Exchange(("X-Api-Key", _key.Key))));
    }

    [Theory]
    [InlineData("/orders?x=KEY", null, null)]
    [InlineData("/orders?x=ghk_", null, null)]
    [InlineData("/orders?x=GHK_a", null, null)]
    [InlineData("/orders?x=%67%68%6b%5Fa", null, null)]
    [InlineData("/orders?x=g%68k_a", null, null)]
    [InlineData("/orders?x=%67ghk%5fa", null, null)]
    [InlineData("/orders?KEY", null, null)]
    [InlineData("/orders?a=1&api_key=anything", null, null)]
    [InlineData("/orders?apikey=", null, null)]
    [InlineData("/orders?API-KEY", null, null)]
    [InlineData("/orders?x-api-key=1", null, null)]
    [InlineData("/orders?access_token=x", null, null)]
    [InlineData("/orders?a=1&Access%5FToken=x", null, null)]
    [InlineData("/orders?api%5Fkey=1", null, null)]
    [InlineData("/orders/KEY", null, null)]
    [InlineData("/orders", "Cookie", "a=b; k=KEY")]
    [InlineData("/orders", "Cookie", "a=b; k=%67hk_a")]
    [InlineData("/orders", "Cookie", "a=b; x-api-key=1")]
    [InlineData("/orders", "Authorization", "Bearer KEY")]
    [InlineData("/orders", "Authorization", "bearer   GHK_a")]
    [InlineData("/orders", "Authorization", "KEY")]
    [Control("KEY-7", "query, path, cookie, Authorization")]
    public void Refuses_a_key_where_it_would_be_logged(string target, string? header, string? value)
    {
        target = target.Replace("KEY", _key.Key, StringComparison.Ordinal);
        value = value?.Replace("KEY", _key.Key, StringComparison.Ordinal);
        var verdict = Verdict(Exchange(target, header is null ? [] : [(header, value!)]));
        Assert.Same(Problems.CredentialMisplaced, verdict.Problem);
        Assert.DoesNotContain(_key.Id, verdict.Reason, StringComparison.Ordinal);
        Assert.Same(Problems.CredentialMisplaced,
            Decide(Exchange(target, header is null ? [("X-Api-Key", _key.Key)] : [(header, value!), ("X-Api-Key", _key.Key)])));
    }

    [Theory]
    [InlineData("/orders?key=17&keys=a&my_api_key_name=b", null)]
    [InlineData("/orders?x=%67%68%6b-&y=ghk", null)]
    [InlineData("/ghk/orders?a%25=b&%C3%A9=1", "a=%zz; b=c%; access_token=a-website-s-own")]
    public void Leaves_alone_what_is_no_key(string target, string? cookie) =>
        Assert.Null(Decide(Exchange(target, cookie is null ? [] : [("Cookie", cookie)])));

    [Fact]
    [Control("KEY-12")]
    public void Picks_none_of_two_credentials()
    {
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange(("X-Api-Key", _key.Key), ("X-Api-Key", _key.Key))));
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange(("X-Api-Key", $"{_key.Key}, {_next.Key}"))));
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange(("X-Api-Key", _key.Key), ("Authorization", "Bearer x"))));
        Assert.Same(Problems.CredentialAmbiguous, Decide(Exchange(("Authorization", "Bearer x"), ("Authorization", "Bearer y"))));
    }

    [Fact]
    [Control("IDP-3")]
    public void Forwards_no_key()
    {
        var exchange = Exchange(("X-Api-Key", _key.Key), ("DPoP", "proof"));
        Assert.Null(Decide(exchange));
        Assert.False(exchange.RequestHeaders.ContainsKey("X-Api-Key"));
        Assert.False(exchange.RequestHeaders.ContainsKey("DPoP"));
    }

    [Fact]
    public void Never_throws() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((query, cookie, key) =>
    {
        var exchange = Exchange("/", ("Cookie", cookie), ("X-Api-Key", key));
        exchange.Query = "?" + query;
        return Decide(exchange) is { Status: 400 or 401 };
    });

    [Fact]
    public void A_token_that_holds_the_letters_of_a_key_by_chance_is_no_key() =>
        Assert.Same(Problems.Unauthenticated, Decide(Exchange(("Authorization", "Bearer eyJghk_x.GHK_y.z"))));

    private static Authentication Entry(NewApiKey key, DateTimeOffset expires, DateTimeOffset? revoked = null, Networks? from = null)
    {
        Assert.True(ApiKeyHash.TryRead(ApiKeyHash.Write(Pepper, key), out var hash));
        return new Authentication(new ApiKeyCredential(key.Id, hash, expires, revoked), from);
    }

    private Exchange Exchange(params (string Name, string Value)[] headers) => Exchange("/orders/17", headers);

    private Exchange Exchange(string target, params (string Name, string Value)[] headers) =>
        _harness.Exchange("GET", target, "127.0.0.1", null, null, headers);

    private Policy Policy() => new IdentifyKind().Compile(_harness.Route(), _harness.Context);

    private Verdict Verdict(Exchange exchange) => PolicyHarness.Decide(Policy(), exchange);

    private Problem? Decide(Exchange exchange) => Verdict(exchange).Problem;
}
