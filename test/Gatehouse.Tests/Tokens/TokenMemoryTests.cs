using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Tokens;

/// <summary>A token that was found good is recognised, and for no longer than it is good.</summary>
public sealed class TokenMemoryTests : IDisposable
{
    private readonly TokenHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task Gives_the_same_object_for_the_same_token()
    {
        var (verifier, token) = (_harness.Verifier(), _harness.Token());
        var first = await TokenHarness.JudgeAsync(verifier, token);
        Assert.Same(first.Token, (await TokenHarness.JudgeAsync(verifier, token)).Token);
        Assert.Same(first.Token, (await TokenHarness.JudgeAsync(_harness.Verifier(), token)).Token); // a reload that changes nothing keeps it
    }

    [Fact]
    public async Task Recognises_a_token_at_once_and_without_allocating()
    {
        var verifier = _harness.Verifier();
        var presented = TokenHarness.Bearer(_harness.Token());
        await verifier.VerifyAsync(presented);
        for (var i = 0; i < 200; i++) Assert.NotNull(AtOnce(verifier.VerifyAsync(presented)).Token);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) AtOnce(verifier.VerifyAsync(presented));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    [Control("JWT-1", "many at once")]
    public async Task Gives_each_of_many_new_tokens_its_own_verdict()
    {
        var verifier = _harness.Verifier();
        var tokens = Enumerable.Range(0, 400).Select(i => _harness.Token(new JsonObject { ["jti"] = $"t-{i}" }))
            .Select((token, i) => (Text: i % 2 == 0 ? token : TokenHarness.Spoil(token), Id: i % 2 == 0 ? $"t-{i}" : null)).ToList();
        var verdicts = await Task.WhenAll(tokens.Select(t => Task.Run(() => TokenHarness.JudgeAsync(verifier, t.Text))));
        Assert.Equal(tokens.Select(t => (t.Id, t.Id is null ? "token: signature" : null)), verdicts.Select(v => (v.Token?.TokenId, v.Reason)));
    }

    [Fact]
    public async Task Forgets_a_token_at_its_end()
    {
        var (verifier, token) = (_harness.Verifier(), _harness.Token());
        var first = await TokenHarness.JudgeAsync(verifier, token);
        _harness.Clock.Advance(TimeSpan.FromSeconds(299));
        Assert.Same(first.Token, (await TokenHarness.JudgeAsync(verifier, token)).Token);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(first.Token, (await TokenHarness.JudgeAsync(verifier, token)).Token); // while clocks may differ: verified each time
        _harness.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.NotNull((await TokenHarness.JudgeAsync(verifier, token)).Token);
        _harness.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token: expired", (await TokenHarness.JudgeAsync(verifier, token)).Reason);
    }

    [Fact]
    [Control("JWT-21", "by the declaration")]
    public async Task Refuses_what_was_revoked_though_it_is_remembered()
    {
        var token = _harness.Token(new JsonObject { ["jti"] = "t-1" });
        Assert.NotNull((await _harness.JudgeAsync(token)).Token);
        foreach (var revoked in (Revocation[])[new(RevokedBy.Token, "t-1"), new(RevokedBy.Subject, "anna"), new(RevokedBy.Client, "web-shop")])
        {
            var verifier = _harness.Verifier(_harness.Declared() with { Revoked = [revoked] });
            Assert.Equal("token: revoked", (await TokenHarness.JudgeAsync(verifier, token)).Reason);
            Assert.Equal("token: revoked", (await TokenHarness.JudgeAsync(verifier, _harness.Token(new JsonObject { ["jti"] = "t-1" }))).Reason);
        }

        Assert.NotNull((await _harness.JudgeAsync(token)).Token);
    }

    [Fact]
    public async Task Begins_anew_when_anything_of_the_issuer_changes()
    {
        var token = _harness.Token();
        var issuer = _harness.Declared();
        var first = (await TokenHarness.JudgeAsync(_harness.Verifier(issuer), token)).Token;
        Issuer[] others =
        [
            issuer with { Audiences = ["retailer-apis", "more"] }, issuer with { Lifetime = TimeSpan.FromHours(2) },
            issuer with { Skew = TimeSpan.FromSeconds(10) }, issuer with { ClientClaim = "sub" }, issuer with { IsProfiled = true },
            _harness.Declared(_harness.Issuer.Jwks()), issuer with { Algorithms = [SigningAlgorithm.ES256] },
        ];
        foreach (var other in others) Assert.NotSame(first, (await TokenHarness.JudgeAsync(_harness.Verifier(other), token)).Token);
        Assert.Equal("token: for another audience",
            (await TokenHarness.JudgeAsync(_harness.Verifier(issuer with { Audiences = ["other"] }), token)).Reason);
        Assert.Equal("token: unknown key",
            (await TokenHarness.JudgeAsync(_harness.Verifier(_harness.Declared(_harness.Issuer.Jwks(_harness.Issuer.Rsa))), token)).Reason);
        Assert.Same(first, (await TokenHarness.JudgeAsync(_harness.Verifier(issuer), token)).Token);
    }

    [Fact]
    public void Is_bounded_and_keeps_what_is_used()
    {
        var memory = new TokenMemory(capacity: 100);
        var used = DigestOf(0);
        memory.Remember(used, Remembered());
        for (var i = 1; i < 1000; i++)
        {
            Assert.NotNull(memory.Find(used));
            memory.Remember(DigestOf(i), Remembered());
            memory.Remember(DigestOf(i), Remembered());
            Assert.True(memory.Count <= 100);
        }

        Assert.NotNull(memory.Find(used));
        Assert.Null(memory.Find(DigestOf(1)));
        Assert.NotNull(memory.Find(DigestOf(999)));
    }

    [Fact]
    public void Takes_in_what_comes_again_once_it_is_full()
    {
        var key = Key();
        var memory = new TokenMemory(capacity: 10);
        for (var i = 0; i < 10; i++) memory.Remember(DigestOf(i), Remembered(key));
        for (var i = 10; i < 500; i++) memory.Remember(DigestOf(i), Remembered(key)); // once each
        for (var i = 0; i < 10; i++) Assert.NotNull(memory.Find(DigestOf(i)));
        memory.Remember(DigestOf(1000), Remembered(key));
        Assert.Null(memory.Find(DigestOf(1000)));
        memory.Remember(DigestOf(1000), Remembered(key));
        Assert.NotNull(memory.Find(DigestOf(1000)));
        memory.Remember(DigestOf(1001), Remembered()); // its issuer was asked
        Assert.NotNull(memory.Find(DigestOf(1001)));
    }

    [Fact]
    public void Keeps_nothing_of_the_token_itself() => Assert.Equal(
        ["A", "B", "C", "D"],
        typeof(TokenDigest).GetProperties().Select(p => p.Name).Order());

    private static TokenVerdict AtOnce(ValueTask<TokenVerdict> verdict) =>
        verdict.IsCompletedSuccessfully ? verdict.Result : throw new InvalidOperationException("it waits");

    [Fact]
    [Control("JWT-17", "the id of a token does not change with its signature")]
    public async Task A_token_keeps_its_id_whatever_its_signature_is_rewritten_to()
    {
        using var harness = new TokenHarness();
        var token = harness.Token();
        var first = (await harness.JudgeAsync(token)).Token!;
        var other = OtherSignature(token);
        Assert.NotEqual(token, other);
        var second = (await harness.JudgeAsync(other)).Token!; // as good a signature: (r, n - s)
        Assert.NotSame(first, second);
        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(first.Id, (await harness.JudgeAsync(harness.Token())).Token!.Id);
        Assert.Equal(TokenDigest.OfWhatIsSigned(token), TokenDigest.OfWhatIsSigned(other));
        Assert.NotEqual(TokenDigest.OfWhatIsSigned("opaque.1"), TokenDigest.OfWhatIsSigned("opaque.2"));
    }

    /// <summary>Without the key: s is replaced by the order of P-256 (FIPS 186-5, SEC 2) less s.</summary>
    private static string OtherSignature(string token)
    {
        var order = BigInteger.Parse(
            "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var end = token.LastIndexOf('.') + 1;
        var signature = Base64Url.DecodeFromChars(token.AsSpan(end));
        var s = order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
        signature.AsSpan(32).Clear();
        var bytes = s.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(signature.AsSpan(64 - bytes.Length));
        return token[..end] + Base64Url.EncodeToString(signature);
    }

    private static TokenDigest DigestOf(int i) => TokenDigest.TryOf($"token-{i}", out var digest) ? digest : default;

    private SigningKey Key()
    {
        var set = KeySet.TryRead(System.Text.Encoding.UTF8.GetBytes(_harness.Issuer.Jwks()), SigningAlgorithms.All, []);
        return set!.All[0];
    }

    private RememberedToken Remembered(SigningKey? key = null) => new(
        new VerifiedToken
        {
            Issuer = "customers",
            ClientId = null,
            Subject = null,
            Scopes = new HashSet<Gatehouse.Consumers.Scope>(),
            Actors = [],
            Claims = Gatehouse.Consumers.TokenClaims.None,
            Expires = _harness.Now,
            Id = "",
            IsBoundToCertificate = false,
        },
        key,
        long.MaxValue);
}
