using System.Text;
using Gatehouse.Configuration;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>Tokens that say nothing themselves: their issuer is asked, and nothing is good without its word.</summary>
public sealed class IntrospectionTests : IAsyncDisposable
{
    private const string Active =
        """
        {"active":true,"client_id":"web-shop","scope":"orders.read","sub":"anna","aud":"retailer-apis",
         "iss":"https://id.retailer.example"EXTRA}
        """;

    private readonly TokenHarness _harness = new();
    private FakeUpstream _server = null!;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _harness.Dispose();
    }

    [Fact]
    [Control("JWT-20")]
    public async Task Asks_as_a_client_of_its_own_and_remembers_the_answer_for_a_while()
    {
        var verifier = await VerifierAsync(Answer());
        var verdict = await TokenHarness.JudgeAsync(verifier, "opaque-1");
        Assert.Equal(("customers", "web-shop", "anna"), (verdict.Token!.Issuer, verdict.Token.ClientId, verdict.Token.Subject));
        Assert.Equal(["orders.read"], verdict.Token.Scopes.Select(s => s.Value));
        Assert.Null(verdict.Token.Expires); // it is the memory of the answer that ends
        var asked = Assert.Single(_server.Requests);
        Assert.Equal("POST", asked.Method);
        Assert.Equal("token=opaque-1&token_type_hint=access_token", Encoding.UTF8.GetString(asked.Body));
        Assert.Equal("Basic " + Convert.ToBase64String("gate%20way:s%3Acret"u8), asked.Header("Authorization"));
        Assert.Equal("application/x-www-form-urlencoded", asked.Header("Content-Type"));
        _harness.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Same(verdict.Token, (await TokenHarness.JudgeAsync(verifier, "opaque-1")).Token);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        _server.On("/introspect", 200, """{"active":false}""");
        Assert.Equal("token: not active", (await TokenHarness.JudgeAsync(verifier, "opaque-1")).Reason);
    }

    [Fact]
    public async Task Asks_each_time_where_nothing_is_to_be_remembered()
    {
        var verifier = await VerifierAsync(Answer(), cache: TimeSpan.Zero);
        for (var i = 1; i <= 2; i++)
        {
            Assert.Null((await TokenHarness.JudgeAsync(verifier, "opaque-1")).Token!.Expires); // it is good, though nobody knows until when
            Assert.Equal(i, _server.Requests.Count);
        }
    }

    [Fact]
    [Control("JWT-20", "the end of a token before the end of the memory")]
    public async Task Forgets_an_answer_at_the_end_of_the_token()
    {
        var verifier = await VerifierAsync(Answer($",\"exp\":{_harness.Now.ToUnixTimeSeconds() + 10}"));
        var token = (await TokenHarness.JudgeAsync(verifier, "opaque-1")).Token;
        Assert.Equal(_harness.Now + TimeSpan.FromSeconds(10) + Issuer.UsualSkew, token!.Expires);
        _harness.Clock.Advance(TimeSpan.FromSeconds(10));
        _server.On("/introspect", 200, """{"active":false}""");
        Assert.Equal("token: not active", (await TokenHarness.JudgeAsync(verifier, "opaque-1")).Reason);
    }

    [Theory]
    [Control("JWT-20", "what an issuer may answer")]
    [InlineData("""{"active":false}""", "token: not active")]
    [InlineData("""{"active":"true","aud":"retailer-apis"}""", "token: not active")]
    [InlineData("""{"active":1,"aud":"retailer-apis"}""", "token: not active")]
    [InlineData("""{"active":true}""", "token: no audience")]
    [InlineData("""{"active":true,"aud":"other"}""", "token: for another audience")]
    [InlineData("""{"active":true,"aud":"retailer-apis","iss":"https://other.example"}""", "token: of another issuer")]
    [InlineData("""{"active":true,"aud":"retailer-apis","exp":1}""", "token: expired")]
    [InlineData("""{"active":true,"aud":"retailer-apis","nbf":99999999999}""", "token: not valid yet")]
    [InlineData("""{"active":true,"aud":"retailer-apis","exp":"soon"}""", "token: 'exp' is no whole number of seconds")]
    [InlineData("""{"active":true,"aud":"retailer-apis","cnf":{"jkt":"x"}}""", "token: bound to a key, but presented as Bearer")]
    public async Task Refuses_what_the_issuer_does_not_vouch_for(string answer, string reason)
    {
        var verdict = await TokenHarness.JudgeAsync(await VerifierAsync(answer), "opaque-1");
        Assert.Equal((reason, false), (verdict.Reason!, verdict.IsUnavailable));
    }

    [Theory]
    [Control("JWT-20", "failing closed")]
    [InlineData(200, "")]
    [InlineData(200, "<html></html>")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"active":true,"active":false}""")]
    [InlineData(401, """{"active":true,"aud":"retailer-apis"}""")]
    [InlineData(500, "")]
    [InlineData(302, "")]
    [Control("AVL-3", "introspection")]
    public async Task Says_that_nobody_knows_without_a_proper_answer(int status, string answer)
    {
        var verifier = await VerifierAsync(answer, status);
        Assert.True((await TokenHarness.JudgeAsync(verifier, "opaque-1")).IsUnavailable);
        _server.On("/introspect", 200, Answer());
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, "opaque-1")).Token);
    }

    [Fact]
    [Control("JWT-20", "the time limit")]
    public async Task Does_not_wait_for_a_slow_issuer()
    {
        var verifier = await VerifierAsync("");
        _server.On("/introspect", http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        var judging = Enumerable.Range(0, 20).Select(_ => TokenHarness.JudgeAsync(verifier, "opaque-1")).ToList();
        await Eventually.HoldsAsync(
            () =>
            {
                _harness.Clock.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(judging.TrueForAll(j => j.IsCompleted));
            },
            TestContext.Current.CancellationToken);
        Assert.All(await Task.WhenAll(judging), v => Assert.True(v.IsUnavailable));
        Assert.Single(_server.Requests); // one question, however many wait for its answer
    }

    [Fact]
    public async Task Asks_about_nothing_that_cannot_be_a_token()
    {
        var verifier = await VerifierAsync(Answer());
        foreach (var text in (string[])["", "a b", "a\"b", "a,b", "=", "a.b.c", _harness.Token() + "="])
            Assert.Null((await TokenHarness.JudgeAsync(verifier, text)).Token);
        Assert.Empty(_server.Requests);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, _harness.Token())).Token); // signed, but of an issuer that is asked
    }

    private static string Answer(string extra = "") => Active.Replace("EXTRA", extra, StringComparison.Ordinal);

    private async Task<TokenVerifier> VerifierAsync(string answer, int status = 200, TimeSpan? cache = null)
    {
        _server = await FakeUpstream.StartAsync();
        _server.On("/introspect", status, answer);
        var secret = new Secret("file:secret", "s:cret"u8.ToArray());
        return _harness.Verifier(_harness.Declared() with
        {
            Keys = null,
            Algorithms = [],
            Introspection = new Introspection(
                new Uri(_server.Address, "/introspect"), "gate way", secret, TimeSpan.FromSeconds(2), cache ?? TimeSpan.FromSeconds(30)),
        });
    }
}
