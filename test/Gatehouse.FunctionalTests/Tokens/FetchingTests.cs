using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>Keys that are fetched over real sockets, from servers that fail in every way.</summary>
public sealed class FetchingTests : KeyServers
{
    [Fact]
    public async Task Fetches_keys_once_for_all_who_need_them()
    {
        var server = await ServerAsync();
        server.On("/keys", 200, Harness.Issuer.Jwks());
        var verifier = Harness.Verifier(At(server));
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => TokenHarness.JudgeAsync(verifier, Harness.Token())));
        Assert.All(verdicts, v => Assert.NotNull(v.Token));
        Assert.Single(server.Requests);
        Assert.NotNull((await TokenHarness.JudgeAsync(Harness.Verifier(At(server)), Harness.Token())).Token); // after a reload
        var shorter = At(server) with { Lifetime = TimeSpan.FromHours(1) };
        Assert.NotNull((await TokenHarness.JudgeAsync(Harness.Verifier(shorter), Harness.Token())).Token);
        Assert.Single(server.Requests);
    }

    [Fact]
    [Control("AVL-5", "readiness needs keys")]
    public async Task Is_prepared_when_the_keys_are_there_or_cannot_be_had()
    {
        var release = new TaskCompletionSource();
        var (good, bad) = (await ServerAsync(), await ServerAsync());
        good.On("/keys", async http =>
        {
            await release.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync(Harness.Issuer.Jwks());
        });
        bad.On("/keys", 500);
        var (verifier, failing) = (Harness.Verifier(At(good)), Harness.Verifier(At(bad)));
        Assert.False(verifier.IsPrepared(out var without));
        Assert.Equal(["customers"], without);
        await good.NextAsync(Cancel); // asking has them fetched
        release.SetResult();
        await Eventually.HoldsAsync(() => Task.FromResult(verifier.IsPrepared(out _)), Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(failing.IsPrepared(out _)), Cancel);
        Assert.True(verifier.IsPrepared(out without) && without.Count == 0);
        Assert.True(failing.IsPrepared(out without) && without.Count == 1);
    }

    [Fact]
    [Control("JWT-11")]
    public async Task Follows_a_rotation_of_keys()
    {
        var server = await ServerAsync();
        var (old, next) = (Harness.Issuer.Ec, Harness.Issuer.Key("ec-2", "ES256"));
        server.On("/keys", 200, Harness.Issuer.Jwks(old));
        var verifier = Harness.Verifier(At(server));
        var remembered = Long(old);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, remembered)).Token);
        server.On("/keys", 200, Harness.Issuer.Jwks(old, next));
        var first = await TokenHarness.JudgeAsync(verifier, Long(next)); // an id that is not known yet
        Assert.NotNull(first.Token);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Long(old))).Token);
        server.On("/keys", 200, Harness.Issuer.Jwks(next));
        Harness.Clock.Advance(IssuerKeys.Refresh);
        await Eventually.HoldsAsync(async () => (await TokenHarness.JudgeAsync(verifier, remembered)).Reason == "token: unknown key", Cancel);
        Assert.Equal("token: unknown key", (await TokenHarness.JudgeAsync(verifier, Long(old))).Reason);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Long(next))).Token);
        Assert.Contains("issuer 'customers': a key is gone", Harness.Told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Control("JWT-12")]
    public async Task Fetches_seldom_in_a_storm_of_unknown_keys_while_good_tokens_pass()
    {
        var server = await ServerAsync();
        server.On("/keys", 200, Harness.Issuer.Jwks());
        var verifier = Harness.Verifier(At(server));
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Harness.Token())).Token);
        for (var minute = 1; minute <= 3; minute++)
        {
            for (var i = 0; i < 1000; i++)
            {
                var header = new JsonObject { ["kid"] = string.Create(CultureInfo.InvariantCulture, $"random-{minute}-{i}") };
                Assert.Equal("token: unknown key", (await TokenHarness.JudgeAsync(verifier, Harness.Token(header: header))).Reason);
                if (i % 20 == 0) Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Harness.Token())).Token);
            }

            Assert.InRange(server.Requests.Count, 2, 1 + (2 * minute));
            Harness.Clock.Advance(IssuerKeys.UnknownWindow);
        }
    }

    public static TheoryData<string> Faults => ["down", "slow", "huge", "huge without length", "redirect", "html", "empty", "no usable key", "500"];

    [Theory]
    [MemberData(nameof(Faults))]
    [Control("JWT-13")]
    [Control("JWT-14", "limits of size and time, and no redirects")]
    [Control("AVL-3", "keys of issuers")]
    public async Task Keeps_its_keys_when_a_fetch_fails_and_later_says_that_nobody_knows(string fault)
    {
        var (server, canary) = (await ServerAsync(), await ServerAsync());
        canary.On("/keys", 200, Harness.Issuer.Jwks());
        server.On("/keys", 200, Harness.Issuer.Jwks());
        var issuer = At(server);
        var verifier = Harness.Verifier(issuer);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Harness.Token())).Token);
        await BreakAsync(server, fault, canary);
        var failures = 0;
        foreach (var hours in (int[])[1, 22])
        {
            Harness.Clock.Advance(TimeSpan.FromHours(hours));
            await StillServesAsync(Harness.Token()); // once it was asked in vain
            await UntilFailedAsync(++failures);
        }

        var remembered = Long(Harness.Issuer.Ec);
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, remembered)).Token);
        Harness.Clock.Advance(TimeSpan.FromMinutes(59)); // with the seconds that were waited: still within a day
        await StillServesAsync(Harness.Token());
        await UntilFailedAsync(++failures);
        Harness.Clock.Advance(TimeSpan.FromMinutes(1));
        foreach (var token in (string[])[remembered, Harness.Token()])
        {
            var judging = TokenHarness.JudgeAsync(verifier, token);
            await Eventually.HoldsAsync(() => Passing(judging.IsCompleted, fault == "slow"), Cancel);
            Assert.Equal((true, null), ((await judging).IsUnavailable, (await judging).Token));
        }

        Assert.Equal(0, canary.Connections);
        Assert.Single(Harness.Told.ToString().Split('\n'), l => l.Contains("its keys cannot be fetched (", StringComparison.Ordinal));

        async Task StillServesAsync(string token)
        {
            var judging = TokenHarness.JudgeAsync(verifier, token);
            await Eventually.HoldsAsync(() => Passing(judging.IsCompleted, fault == "slow"), Cancel);
            Assert.NotNull((await judging).Token);
        }

        Task UntilFailedAsync(int count) =>
            Eventually.HoldsAsync(() => Passing(Harness.Meter.KeyFetches("customers", "failed").Value == count, fault == "slow"), Cancel);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    [Control("JWT-13", "from the start")]
    public async Task Says_that_nobody_knows_without_any_keys_and_recovers(string fault)
    {
        var (server, canary) = (await ServerAsync(), await ServerAsync());
        await BreakAsync(server, fault, canary);
        var verifier = Harness.Verifier(At(server));
        var judging = TokenHarness.JudgeAsync(verifier, Harness.Token());
        await Eventually.HoldsAsync(() => Passing(judging.IsCompleted, fault == "slow"), Cancel);
        Assert.True((await judging).IsUnavailable);
        Assert.True((await TokenHarness.JudgeAsync(verifier, Harness.Token())).IsUnavailable); // without another try so soon
        Assert.InRange(server.Requests.Count, 0, 1);
        if (fault == "down") return;
        server.On("/keys", 200, Harness.Issuer.Jwks());
        Harness.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Harness.Token())).Token);
        Assert.Contains("its keys can be fetched again", Harness.Told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Control("JWT-14", "verified TLS")]
    public async Task Fetches_over_TLS_only_from_whom_it_trusts()
    {
        using var authority = new TestCertificates();
        using var other = new TestCertificates("another authority");
        foreach (var (certificate, trusted, isTaken) in new[]
        {
            (authority.Issue("localhost"), authority, true), (authority.Issue("localhost"), other, false),
            (authority.Issue("other.example"), authority, false),
            (authority.IssueExpired("localhost"), authority, false),
        })
        {
            var server = await FakeUpstream.StartAsync(certificate: certificate.Certificate, host: "localhost");
            Servers.Add(server);
            server.On("/keys", 200, Harness.Issuer.Jwks());
            var issuer = At(server) with { Authorities = System.Text.Encoding.ASCII.GetBytes(trusted.AuthorityPem) };
            var verdict = await TokenHarness.JudgeAsync(Harness.Verifier(issuer), Harness.Token());
            Assert.Equal((isTaken, !isTaken), (verdict.Token is not null, verdict.IsUnavailable));
        }

        Assert.Contains("(its certificate is not trusted)", Harness.Told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Control("JWT-3")]
    public async Task Never_goes_where_a_token_points()
    {
        var canary = await ServerAsync();
        using var own = new TestIssuer();
        canary.Otherwise(http => http.Response.WriteAsync(own.Jwks()));
        var address = canary.Address + "keys";
        var certificate = Convert.ToBase64String(own.Rsa.Rsa!.ExportSubjectPublicKeyInfo());
        JsonObject[] headers =
        [
            new() { ["jku"] = address }, new() { ["x5u"] = address }, new() { ["jwk"] = own.Ec.Public() },
            new() { ["x5c"] = new JsonArray(certificate) },
            new() { ["kid"] = address }, new() { ["kid"] = null, ["jwk"] = own.Ec.Public(), ["jku"] = address },
        ];
        var verifier = Harness.Verifier();
        foreach (var header in headers)
        {
            Assert.Null((await TokenHarness.JudgeAsync(verifier, own.Token(Harness.Now, header: header))).Token);
            if (header.ContainsKey("kid")) continue;
            Assert.NotNull((await TokenHarness.JudgeAsync(verifier, Harness.Token(header: header))).Token); // ignored
        }

        Assert.Equal(0, canary.Connections);
    }

    [Fact]
    [Control("JWT-14", "the hosts that discovery may lead to")]
    public async Task Follows_discovery_only_to_the_issuers_own_hosts()
    {
        var (home, elsewhere) = (await ServerAsync(), await ServerAsync("localhost"));
        using var issuer = new TestIssuer(home.Address.ToString().TrimEnd('/'));
        var declared = Harness.Declared() with { Identifier = issuer.Issuer, Keys = new KeySource { ByDiscovery = true, Hosts = ["127.0.0.1"] } };
        home.On("/keys", 200, issuer.Jwks());
        elsewhere.On("/keys", 200, issuer.Jwks());
        foreach (var (document, isTaken) in new[]
        {
            (issuer.Discovery(home.Address + "keys"), true),
            (issuer.Discovery(elsewhere.Address + "keys"), false),
            (issuer.Discovery("http://169.254.169.254/keys"), false),
            (issuer.Discovery("file:///etc/passwd"), false),
            (issuer.Discovery("/keys"), false),
            ("""{"issuer":"https://id.other.example","jwks_uri":"KEYS"}""".Replace("KEYS", home.Address + "keys", StringComparison.Ordinal), false),
            ("{}", false),
        })
        {
            home.On("/.well-known/openid-configuration", 200, document);
            using var harness = new TokenHarness();
            var verdict = await TokenHarness.JudgeAsync(harness.Verifier(declared), issuer.Token(harness.Now));
            Assert.Equal((isTaken, !isTaken), (verdict.Token is not null, verdict.IsUnavailable));
        }

        Assert.Equal(0, elsewhere.Connections);
        home.On("/.well-known/openid-configuration", 200, issuer.Discovery(elsewhere.Address + "keys"));
        var listed = declared with { Keys = declared.Keys! with { Hosts = ["127.0.0.1", "localhost"] } };
        Assert.NotNull((await TokenHarness.JudgeAsync(Harness.Verifier(listed), issuer.Token(Harness.Now))).Token);
    }

    [Fact]
    [Control("JWT-15", "the operator is told, once")]
    public async Task Tells_of_an_odd_key_once()
    {
        var server = await ServerAsync();
        using var weak = TestKey.Make("weak", "RS256", 1024);
        server.On("/keys", 200, Harness.Issuer.Jwks(Harness.Issuer.Ec, weak));
        var verifier = Harness.Verifier(At(server));
        Assert.Equal("token: unknown key", (await TokenHarness.JudgeAsync(verifier, Harness.Token(key: weak))).Reason);
        Assert.Equal("token: unknown key", (await TokenHarness.JudgeAsync(verifier, Harness.Token(key: weak))).Reason);
        Assert.True(server.Requests.Count > 1);
        Assert.Single(
            Harness.Told.ToString().Split('\n'),
            l => l.EndsWith("issuer 'customers': the key 'weak' has fewer than 2048 bits; it is not used", StringComparison.Ordinal));
    }

    private async Task BreakAsync(FakeUpstream server, string fault, FakeUpstream canary)
    {
        switch (fault)
        {
            case "down":
                Servers.Remove(server);
                await server.DisposeAsync();
                break;
            case "slow":
                server.On("/keys", http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
                break;
            case "huge":
                server.On("/keys", 200, Harness.Issuer.Jwks().PadRight(IssuerSite.LongestAnswer + 1));
                break;
            case "huge without length":
                server.On("/keys", async http =>
                {
                    await http.Response.WriteAsync(Harness.Issuer.Jwks(), Cancel); // all that follows is blank: only its length is wrong
                    var part = Enumerable.Repeat((byte)' ', 64 * 1024).ToArray();
                    while (!http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(part, CancellationToken.None);
                });
                break;
            case "redirect":
                server.On("/keys", 302, "", ("Location", canary.Address + "keys"));
                break;
            case "html":
                server.On("/keys", 200, "<html><body>Sign in</body></html>");
                break;
            case "empty":
                server.On("/keys", 200, "");
                break;
            case "no usable key":
                server.On("/keys", 200, """{"keys":[{"kty":"oct","kid":"ec-1","k":"AAAA"}]}""");
                break;
            default:
                server.On("/keys", 500, "{}");
                break;
        }
    }
}
