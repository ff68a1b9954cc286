using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Tokens;

/// <summary>Who issues tokens, and which of them are taken: an entry of <c>issuers</c>.</summary>
internal sealed record Issuer
{
    public static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(24);
    public static readonly TimeSpan UsualSkew = TimeSpan.FromSeconds(30);

    /// <summary>The issuer's name in the declaration.</summary>
    public required string Name { get; init; }

    /// <summary><c>iss</c>, compared character by character (RFC 7519 section 4.1.1).</summary>
    public required string Identifier { get; init; }

    /// <summary>A token has to be meant for one of these.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }

    /// <summary>Empty when the issuer is asked about each token.</summary>
    public IReadOnlyList<SigningAlgorithm> Algorithms { get; init; } = [];

    /// <summary>Where the keys are; null when the issuer is asked about each token.</summary>
    public KeySource? Keys { get; init; }

    /// <summary>How the issuer is asked about each token (RFC 7662); null when its keys say enough.</summary>
    public Introspection? Introspection { get; init; }

    /// <summary>Whether tokens have to keep to RFC 9068: type <c>at+jwt</c>, and the claims of its section 2.2.</summary>
    public bool IsProfiled { get; init; }

    /// <summary>The longest time from <c>iat</c> to <c>exp</c>.</summary>
    public TimeSpan Lifetime { get; init; } = UsualLifetime;

    /// <summary>By how much clocks may differ.</summary>
    public TimeSpan Skew { get; init; } = UsualSkew;

    /// <summary>PEM of the authorities that the issuer's sites are trusted by; null for the system's.</summary>
    public byte[]? Authorities { get; init; }

    /// <summary>The claim that names the client; null for <c>client_id</c> and, without that, <c>azp</c>.</summary>
    public string? ClientClaim { get; init; }

    /// <summary>What the tokens of programs say that act for themselves, where their <c>sub</c> is not their client's id; empty when it is.</summary>
    public IReadOnlyList<ClaimCondition> Programs { get; init; } = [];

    /// <summary>What every token has to be bound to. Where a token says that it is bound, it is always checked.</summary>
    public TokenBond Bound { get; init; }

    public IReadOnlyList<Revocation> Revoked { get; init; } = [];

    /// <summary>Issuers that fetch the same keys in the same way share them across reloads.</summary>
    public string KeysIdentity => Join(
        Name, Identifier, string.Join(',', Algorithms), Keys?.Jwks?.ToString(), Keys?.ByDiscovery.ToString(), Digest(Keys?.Set),
        string.Join(',', Keys?.Hosts ?? []), Digest(Authorities));

    /// <summary>
    /// Everything that decides whether a token is good, but what was revoked, which is looked at each time: a change of any of it forgets what was
    /// remembered.
    /// </summary>
    public string Identity => Join(
        KeysIdentity, Join([.. Audiences]), Introspection?.Identity, IsProfiled.ToString(), Lifetime.ToString(), Skew.ToString(), ClientClaim,
        Bound.ToString(), Join([.. Programs.Select(p => $"{p.Name}={string.Join(',', p.Values.Select(v => $"{v.Length}:{v}"))}")]));

    /// <summary>No part can have a line end in it, so no two lists of parts have the same text.</summary>
    internal static string Join(params string?[] parts) => string.Join('\n', parts);

    internal static string Digest(byte[]? bytes) => bytes is null ? "-" : Convert.ToHexString(SHA256.HashData(bytes));
}

/// <summary>Where an issuer's keys are: exactly one of the three.</summary>
internal sealed record KeySource
{
    /// <summary>The address of a JWK set (RFC 7517 section 5).</summary>
    public Uri? Jwks { get; init; }

    /// <summary>Whether the address is found at <c>/.well-known/openid-configuration</c> of the issuer.</summary>
    public bool ByDiscovery { get; init; }

    /// <summary>The JWK set itself, from a file.</summary>
    public byte[]? Set { get; init; }

    /// <summary>Hosts besides the issuer's own that keys may be fetched from.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];
}

/// <summary>How an issuer is asked about each token (RFC 7662 section 2).</summary>
/// <param name="ClientId">As whom the gateway asks.</param>
/// <param name="Remember">How long an answer is good for, at most.</param>
internal sealed record Introspection(Uri Endpoint, string ClientId, Secret Secret, TimeSpan Timeout, TimeSpan Remember)
{
    public string Identity => Issuer.Join(
        Endpoint.ToString(), ClientId, Issuer.Digest(Secret.Bytes), Timeout.ToString(), Remember.ToString());
}

/// <summary>What a token can be bound to.</summary>
internal enum TokenBond
{
    None,

    /// <summary>A key of the client, proved with each request (RFC 9449).</summary>
    Dpop,

    /// <summary>The client certificate of the connection (RFC 8705 section 3).</summary>
    Certificate,
}

/// <summary>Tokens that are refused though they are good: those with this value.</summary>
internal sealed record Revocation(RevokedBy By, string Value)
{
    /// <summary>A subject is personal, so nothing is shown by accident.</summary>
    public override string ToString() => By.ToString();
}

internal enum RevokedBy
{
    /// <summary><c>jti</c></summary>
    Token,

    /// <summary><c>sub</c></summary>
    Subject,

    /// <summary>The client that it was issued to.</summary>
    Client,
}
