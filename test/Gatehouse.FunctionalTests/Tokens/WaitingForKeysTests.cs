using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>When a call waits for its issuer's keys: after an idle time, and for a key that is not known; never beside.</summary>
public sealed class WaitingForKeysTests : KeyServers
{
    [Theory]
    [Control("JWT-11", "after an idle time")]
    [InlineData(10, true)]
    [InlineData(10, false)]
    [InlineData(23 * 60, false)]
    public async Task Refuses_the_first_token_after_an_idle_time_when_its_key_was_removed(int minutes, bool isRemembered)
    {
        var server = await ServerAsync();
        var (old, next) = (Harness.Issuer.Ec, Harness.Issuer.Key("ec-2", "ES256"));
        server.On("/keys", 200, Harness.Issuer.Jwks(old, next));
        var verifier = Harness.Verifier(At(server));
        var remembered = Long(old);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, remembered)).Token);
        server.On("/keys", 200, Harness.Issuer.Jwks(next));
        Harness.Clock.Advance(TimeSpan.FromMinutes(minutes));
        var token = isRemembered ? remembered : Long(old);
        var judging = new List<Task<TokenVerdict>>();
        do judging.Add(TokenHarness.JudgeAsync(verifier, token)); // some of them while the keys are being replaced
        while (!judging[0].IsCompleted && judging.Count < 20_000);
        Assert.All(await Task.WhenAll(judging), v => Assert.Equal((null, "token: unknown key"), (v.Token, v.Reason)));
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Long(next))).Token);
    }

    [Fact]
    [Control("AVL-3", "keys of issuers, while tokens come")]
    public async Task Waits_for_an_issuer_that_is_away_only_after_an_idle_time()
    {
        var server = await ServerAsync();
        server.On("/keys", 200, Harness.Issuer.Jwks());
        var verifier = Harness.Verifier(At(server));
        var remembered = Long(Harness.Issuer.Ec);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, remembered)).Token);
        Hang(server);
        Harness.Clock.Advance(IssuerKeys.Refresh);
        for (var failures = 1L; failures <= 12; failures++) // until the keys are twice as old as they get
        {
            foreach (var token in (string[])[remembered, Harness.Token()]) // a fetch hangs, for no time passes
                Assert.NotNull((await TokenHarness.JudgeAsync(verifier, token).WaitAsync(Patience.Limit, Cancel)).Token);
            await Eventually.HoldsAsync(() => Passing(Harness.Meter.KeyFetches("customers", "failed").Value == failures), Cancel);
            Harness.Clock.Advance(TimeSpan.FromSeconds(31)); // a new try is due
        }

        Harness.Clock.Advance(TimeSpan.FromMinutes(2));
        var judging = TokenHarness.JudgeAsync(verifier, remembered);
        Assert.False(judging.IsCompleted);
        await Eventually.HoldsAsync(() => Passing(judging.IsCompleted), Cancel);
        Assert.NotNull((await judging).Token);
    }

    [Theory]
    [Control("JWT-12", "while the issuer is slow")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answers_at_once_for_known_keys_while_a_fetch_hangs(bool isForUnknown)
    {
        var server = await ServerAsync();
        server.On("/keys", 200, Harness.Issuer.Jwks());
        var verifier = Harness.Verifier(At(server));
        var remembered = Long(Harness.Issuer.Ec);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, remembered)).Token);
        await server.NextAsync(Cancel);
        Hang(server);
        if (!isForUnknown) Harness.Clock.Advance(IssuerKeys.Refresh);
        var first = TokenHarness.JudgeAsync(
            verifier, isForUnknown ? Harness.Token(header: new JsonObject { ["kid"] = "random" }) : remembered);
        var hanging = await server.NextAsync(Cancel); // until the clock is moved, which ends it
        var known = Enumerable.Range(0, 50).Select(i => TokenHarness.JudgeAsync(verifier, i % 2 == 0 ? remembered : Long(Harness.Issuer.Ec)));
        var verdicts = await Task.WhenAll(known).WaitAsync(Patience.Limit, Cancel);
        Assert.All(verdicts, v => Assert.NotNull(v.Token));
        Assert.Equal((false, 0L), (hanging.Aborted.IsCancellationRequested, Harness.Meter.KeyFetches("customers", "failed").Value));
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal(!isForUnknown, first.IsCompleted);
        await Eventually.HoldsAsync(
            () => Passing(first.IsCompleted && Harness.Meter.KeyFetches("customers", "failed").Value == 1), Cancel);
        Assert.Equal(isForUnknown ? "token: unknown key" : null, (await first).Reason);
    }

    private static void Hang(FakeUpstream server) =>
        server.On("/keys", http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
}
