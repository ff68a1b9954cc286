using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Identify;
using Gatehouse.Register;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Identify;

/// <summary>Keys of the register: they open what the declaration says and nothing else, and end when the register says so.</summary>
public sealed class IssuedKeyTests : IAsyncDisposable
{
    private readonly PolicyHarness _harness = new() { Pepper = TestRegister.Pepper };
    private readonly TestRegister _register;

    public IssuedKeyTests()
    {
        _register = new TestRegister(_harness.Clock);
        _harness.Consumers.Add(Proofs.Consumer("stock-sync", new Authentication(null, null, Issued: true)));
        var (office, token) = (new Networks([IPNetwork.Parse("192.0.2.0/24")]), new TokenBinding("customers", "with-token"));
        _harness.Consumers.Add(Proofs.Consumer("from-office", new Authentication(null, office, Issued: true)));
        _harness.Consumers.Add(Proofs.Consumer("with-token", new Authentication(null, null, token, Issued: true)));
        _harness.Consumers.Add(Proofs.Consumer("declared-only", Proofs.Entry(client: "declared-only")));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _register.DisposeAsync();

    [Fact]
    public async Task A_key_that_was_issued_says_who_calls_with_the_grants_of_the_declaration()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        var policy = await CompileAsync();
        var exchange = Exchange(key.Key);
        Assert.Null(Decide(policy, exchange).Problem);
        Assert.Equal(("stock-sync", key.Id, "apiKey"), (exchange.ConsumerName, exchange.CredentialId, exchange.CredentialKind));
        Assert.Equal([new Scope("stock.read")], exchange.Caller!.Scopes);
        var again = Exchange(key.Key);
        Decide(policy, again);
        Assert.Same(exchange.Caller, again.Caller); // nothing is made anew
    }

    [Theory]
    [InlineData("declared-only")] // has no entry for issued keys
    [InlineData("nobody")] // is not declared
    [InlineData("from-office")] // has one, for other addresses
    [InlineData("with-token")] // has one, together with a token
    public async Task The_declaration_has_the_last_word(string consumer)
    {
        var key = await _register.IssueAsync(consumer, Cancel);
        Assert.Same(Problems.Unauthenticated, Decide(await CompileAsync(), Exchange(key.Key)).Problem);
    }

    [Fact]
    public async Task Without_a_register_no_issued_key_is_known()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        Assert.Same(Problems.Unauthenticated, Decide(new IdentifyKind().Compile(_harness.Route(), _harness.Context), Exchange(key.Key)).Problem);
    }

    [Fact]
    [Control("KEY-3", "the register's keys")]
    [Control("KEY-4", "the register's keys")]
    public async Task Every_bad_key_of_the_register_gets_the_same_answer_and_the_log_the_reason()
    {
        var (good, wrong) = (await _register.IssueAsync("stock-sync", Cancel), await _register.IssueAsync("stock-sync", Cancel));
        var (revoked, suspended) = (await _register.IssueAsync("stock-sync", Cancel), await _register.IssueAsync("stock-sync", Cancel));
        var expired = await _register.IssueAsync("stock-sync", Cancel, TimeSpan.FromMinutes(1));
        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, revoked.Id, new Ending(_harness.Clock.GetUtcNow(), "anna", "it leaked")), Cancel);
        await _register.SuspendAsync(SuspendedKind.Credential, suspended.Id, Cancel);
        var policy = await CompileAsync();
        _harness.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(Decide(policy, Exchange(good.Key)).Problem);
        (string Key, string Reason)[] bad =
        [
            (TestKeys.WithOtherSecret(wrong), "api key: wrong"), (revoked.Key, "api key: revoked"), (expired.Key, "api key: expired"),
            (suspended.Key, "credential: suspended"), (ApiKeyText.Create().Key, "api key: unknown"),
        ];
        foreach (var (key, reason) in bad)
        {
            var verdict = Decide(policy, Exchange(key));
            Assert.Same(Problems.Unauthenticated, verdict.Problem);
            Assert.Equal(reason, verdict.Reason);
        }
    }

    [Fact]
    [Control("KEY-6", "a command line whose clock is ahead")]
    public async Task A_revocation_holds_as_soon_as_it_is_known_whatever_the_clocks_say()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        var ahead = new Ending(_harness.Clock.GetUtcNow().AddMinutes(5), "anna", "it leaked"); // by a machine whose clock is
        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, key.Id, ahead), Cancel);
        var verdict = Decide(await CompileAsync(), Exchange(key.Key));
        Assert.Same(Problems.Unauthenticated, verdict.Problem);
        Assert.Equal("api key: revoked", verdict.Reason);
    }

    [Fact]
    [Control("KEY-5", "the register's keys")]
    public async Task Both_keys_of_a_rotation_are_good_until_the_old_one_ends()
    {
        var old = await _register.IssueAsync("stock-sync", Cancel);
        var (next, end) = (ApiKeyText.Create(), _harness.Clock.GetUtcNow().AddMinutes(5));
        await _register.ChangeAsync(c => RegisterEdit.Rotate(c, old.Id, _register.Issued(next, "stock-sync"), end), Cancel);
        var policy = await CompileAsync();
        _harness.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.Equal((null, null), (Decide(policy, Exchange(old.Key)).Problem, Decide(policy, Exchange(next.Key)).Problem));
        _harness.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal("api key: expired", Decide(policy, Exchange(old.Key)).Reason);
        Assert.Null(Decide(policy, Exchange(next.Key)).Problem);
    }

    [Fact]
    [Control("KEY-6", "whatever a connection remembers")]
    public async Task What_was_found_before_does_not_outlive_what_the_register_says()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        var known = await _register.StartAsync(Cancel);
        var issued = new IssuedKeys(_harness.Context.Consumers, known, _harness.Clock);
        var check = new ApiKeyCheck(_harness.Context.Consumers, TestRegister.Pepper, _harness.Clock, issued);
        var connection = new ConnectionMemory();
        var first = check.Find(key.Key, connection, out _, out _);
        Assert.Same(first, check.Find(key.Key, connection, out _, out _));

        var end = _harness.Clock.GetUtcNow().AddHours(1);
        await _register.ChangeAsync(c => RegisterEdit.Rotate(c, key.Id, _register.Issued(ApiKeyText.Create(), "stock-sync"), end), Cancel);
        await _register.CatchUpAsync(Cancel);
        Assert.Equal(end, check.Find(key.Key, connection, out _, out _)?.Caller.Expires); // the same key, as it is now

        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, key.Id, new Ending(_harness.Clock.GetUtcNow(), "anna", "it leaked")), Cancel);
        await _register.CatchUpAsync(Cancel);
        Assert.Null(check.Find(key.Key, connection, out var reason, out _));
        Assert.Equal("api key: revoked", reason);
    }

    [Fact]
    public async Task To_look_at_the_register_allocates_nothing()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        await _register.SuspendAsync(SuspendedKind.Credential, "another", Cancel);
        var issued = new IssuedKeys(_harness.Context.Consumers, await _register.StartAsync(Cancel), _harness.Clock);
        var (refused, before) = (0, 0L);
        for (var i = 0; i < 2000; i++)
        {
            if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread(); // by then everything was made that is made once
            var good = new GoodCredentials(issued.Find(key.Id), null, null);
            if (issued.Objection(good) is not null) refused++;
        }

        Assert.Equal((0, 0), (refused, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    [Fact]
    public async Task A_suspended_token_or_certificate_is_refused_like_a_bad_one()
    {
        await _register.SuspendAsync(SuspendedKind.Credential, "tokenid", Cancel, TimeSpan.FromMinutes(1));
        await _register.SuspendAsync(SuspendedKind.Credential, "abcdefghijklmnop", Cancel);
        var known = await _register.StartAsync(Cancel);
        var issued = new IssuedKeys(_harness.Context.Consumers, known, _harness.Clock);
        var (token, certificate) = (Proofs.Token("with-token"), Proofs.Certificate("dns:freight.example"));
        Assert.Same(Problems.Unauthenticated, issued.Objection(new GoodCredentials(null, token, null))?.Problem);
        Assert.Same(Problems.Unauthenticated, issued.Objection(new GoodCredentials(null, null, certificate))?.Problem);
        _harness.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(issued.Objection(new GoodCredentials(null, token, null)));
    }

    [Fact]
    [Control("AVL-3", "keys, when what is known is too old")]
    public async Task When_nobody_can_say_any_more_every_key_that_could_be_an_issued_one_is_a_503()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        var policy = await CompileAsync();
        _register.Break();
        _harness.Clock.Advance(TimeSpan.FromMinutes(61));
        await Eventually.HoldsAsync(() => Task.FromResult(_register.Known.IsTooOld && _register.Known.IsLost), Cancel);
        foreach (var presented in (string[])[key.Key, TestKeys.WithOtherSecret(key), ApiKeyText.Create().Key])
            Assert.Same(Problems.IdentityUnavailable, Decide(policy, Exchange(presented)).Problem);
        Assert.Same(Problems.Unauthenticated, Decide(policy, Exchange("nonsense")).Problem);
    }

    [Fact]
    public async Task A_caller_by_token_and_key_is_known_by_the_key_that_came_along()
    {
        var (one, other) = (await _register.IssueAsync("with-token", Cancel), await _register.IssueAsync("with-token", Cancel));
        var known = await _register.StartAsync(Cancel);
        var consumers = _harness.Context.Consumers;
        var issued = new IssuedKeys(consumers, known, _harness.Clock);
        var (search, token) = (new CallerSearch(consumers, _harness.Clock), Proofs.Token("with-token"));
        foreach (var key in (NewApiKey[])[one, other, one])
        {
            var caller = search.Find(new GoodCredentials(issued.Find(key.Id), token, null), IPAddress.Loopback, out _, out _);
            Assert.Equal($"{key.Id}+tokenid", caller?.CredentialId);
        }
    }

    private async Task<Policy> CompileAsync()
    {
        _harness.Register = await _register.StartAsync(Cancel);
        return new IdentifyKind().Compile(_harness.Route(), _harness.Context);
    }

    private Exchange Exchange(string key) => _harness.Exchange(headers: ("X-Api-Key", key));

    private static Verdict Decide(Policy policy, Exchange exchange) => PolicyHarness.Decide(policy, exchange);
}
