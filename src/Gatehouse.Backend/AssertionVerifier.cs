using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.Backend;

/// <summary>Says whether an assertion is the gateway's, for this backend, now, and for this request; and who calls.</summary>
internal sealed class AssertionVerifier : IDisposable
{
    private const int LongestAssertion = 16 * 1024;
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(60);
    private static readonly string[] Algorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256];

    private readonly GatehouseOptions _options;
    private readonly TimeProvider _clock;
    private readonly KeyRing _keys;
    private readonly JsonWebTokenHandler _tokens = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = LongestAssertion };
    private readonly Func<string, DateTimeOffset, ValueTask<bool>> _firstUse;

    public AssertionVerifier(GatehouseOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _keys = new KeyRing(options, clock);
        _firstUse = options.FirstUse ?? new UsedOnce(clock).FirstUse;
    }

    /// <summary>The caller; otherwise why there is none, as a constant of <see cref="Refusal"/>.</summary>
    public async Task<(ClaimsIdentity? Caller, string? Refusal)> VerifyAsync(string text, HttpRequest request)
    {
        if (Parse(text) is not { } token) return (null, Refusal.Malformed);
        if (token.Typ != GatehouseDefaults.TokenType) return (null, Refusal.Type);
        if (!Algorithms.Contains(token.Alg)) return (null, Refusal.Algorithm);
        if (token.Kid is not { Length: > 0 and <= 256 } id) return (null, Refusal.Key);
        if (await _keys.FindAsync(id) is not { } key) return (null, _keys.IsUsable ? Refusal.Key : Refusal.NoKeys);
        if (((JsonWebKey)key).Alg != token.Alg) return (null, Refusal.Algorithm); // one key serves one algorithm (RFC 8725 section 3.1)
        var result = await _tokens.ValidateTokenAsync(token, Parameters(key));
        if (!result.IsValid) return (null, ReasonOf(result.Exception));
        if (token.IssuedAt == default || token.ValidTo - token.IssuedAt > LongestLife) return (null, Refusal.Lifetime);
        return await RefuseForRequestAsync(token, request) is { } refusal ? (null, refusal) : (result.ClaimsIdentity, null);
    }

    public void Dispose() => _keys.Dispose();

    private JsonWebToken? Parse(string text)
    {
        try
        {
            return text.Length <= LongestAssertion && _tokens.CanReadToken(text) ? new JsonWebToken(text) : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException)
        {
            return null;
        }
    }

    private TokenValidationParameters Parameters(SecurityKey key) => new()
    {
        ValidTypes = [GatehouseDefaults.TokenType],
        ValidAlgorithms = Algorithms,
        ValidIssuer = _options.Issuer,
        ValidAudience = _options.Audience,
        IssuerSigningKey = key,
        TryAllIssuerSigningKeys = false,
        RequireExpirationTime = true,
        RequireSignedTokens = true,
        LifetimeValidator = IsNow,
        NameClaimType = "sub",
        RoleClaimType = "people",
        AuthenticationType = GatehouseDefaults.AuthenticationScheme,
    };

    private bool IsNow(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return expires is { } end && now < end + _options.ClockSkew && ((JsonWebToken)token).IssuedAt <= now + _options.ClockSkew;
    }

    /// <summary>An assertion for one request is for this one, and for the first time.</summary>
    private async ValueTask<string?> RefuseForRequestAsync(JsonWebToken token, HttpRequest request)
    {
        if (!token.TryGetPayloadValue<string>("target", out var target)) return _options.PerRequest ? Refusal.NotPerRequest : null;
        var raw = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!token.TryGetPayloadValue<string>("method", out var method) || method != request.Method) return Refusal.OtherRequest;
        if (target != Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(raw)))) return Refusal.OtherRequest;
        if (string.IsNullOrEmpty(token.Id)) return Refusal.Malformed;
        var until = new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + _options.ClockSkew;
        return await _firstUse(token.Id, until) ? null : Refusal.Replayed;
    }

    private static string ReasonOf(Exception? e) => e switch
    {
        SecurityTokenInvalidTypeException => Refusal.Type,
        SecurityTokenInvalidAlgorithmException => Refusal.Algorithm,
        SecurityTokenSignatureKeyNotFoundException => Refusal.Key,
        SecurityTokenInvalidSignatureException => Refusal.Signature,
        SecurityTokenInvalidIssuerException => Refusal.Issuer,
        SecurityTokenInvalidAudienceException => Refusal.Audience,
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNoExpirationException => Refusal.Expired,
        _ => Refusal.Malformed,
    };
}
