using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;
using Gatehouse.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.TestKit;

/// <summary>Verifies tokens of a <see cref="TestIssuer"/> as a gateway would, with a clock that the test moves.</summary>
internal sealed class TokenHarness : IDisposable
{
    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public TestIssuer Issuer { get; } = new();

    /// <summary>What outlives a verifier, as a reload keeps it.</summary>
    public StateStore State { get; } = new();

    public GatehouseMeter Meter { get; } = new();

    public StringWriter Told { get; } = new();

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>The issuer as a declaration has it: its keys <c>ec-1</c> and <c>rsa-1</c> from a file.</summary>
    public Issuer Declared(string? jwks = null, params SigningAlgorithm[] algorithms) => new()
    {
        Name = "customers",
        Identifier = Issuer.Issuer,
        Audiences = [Issuer.Audience],
        Algorithms = algorithms.Length == 0 ? [SigningAlgorithm.ES256, SigningAlgorithm.RS256] : algorithms,
        Keys = new KeySource { Set = Encoding.UTF8.GetBytes(jwks ?? Issuer.Jwks(Issuer.Ec, Issuer.Rsa)) },
    };

    /// <summary>The verifier of a snapshot with these issuers; <see cref="Declared"/> when none are given.</summary>
    public TokenVerifier Verifier(params Issuer[] issuers) => TokenVerifier.For(
        issuers.Length == 0 ? [Declared()] : issuers,
        (kind, identity, create) => State.Get(kind, identity, create),
        Clock,
        new EventWriter(TextWriter.Synchronized(Told), Clock),
        Meter);

    public string Token(System.Text.Json.Nodes.JsonObject? claims = null, System.Text.Json.Nodes.JsonObject? header = null, TestKey? key = null) =>
        Issuer.Token(Now, claims, header, key);

    public static PresentedToken Bearer(string token) =>
        new(TokenScheme.Bearer, token, null, null, "GET", "https://api.retailer.example/orders/17");

    /// <summary>What becomes of a token that is presented as a bearer's.</summary>
    /// <summary>The token with one character of its signature changed: never the same signature, whatever it was.</summary>
    public static string Spoil(string token) => $"{token[..^20]}{(token[^20] == 'A' ? 'B' : 'A')}{token[^19..]}";

    public static async Task<TokenVerdict> JudgeAsync(TokenVerifier verifier, string token) => await verifier.VerifyAsync(Bearer(token));

    public Task<TokenVerdict> JudgeAsync(string token) => JudgeAsync(Verifier(), token);

    public void Dispose()
    {
        Issuer.Dispose();
        Meter.Dispose();
        Told.Dispose();
    }
}
