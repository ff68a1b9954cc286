using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Gatehouse.TestKit;

/// <summary>
/// An issuer of tokens: makes keys, the set of them as <c>jwks_uri</c> would give it, and tokens with any header and any claims. What a test does not
/// say is as a good access token has it (RFC 9068); a claim or header field that is given as null is left out.
/// </summary>
internal sealed class TestIssuer(string issuer = "https://id.retailer.example", string audience = "retailer-apis") : IDisposable
{
    private readonly Dictionary<string, TestKey> _keys = new(StringComparer.Ordinal);

    public string Issuer { get; } = issuer;

    public string Audience { get; } = audience;

    /// <summary>The key <c>ec-1</c>, for ES256: what tokens are signed with unless a test says otherwise.</summary>
    public TestKey Ec => Key("ec-1", "ES256");

    /// <summary>The key <c>rsa-1</c>, for RS256.</summary>
    public TestKey Rsa => Key("rsa-1", "RS256");

    /// <summary>The key with this id; made when it is asked for the first time.</summary>
    public TestKey Key(string id, string algorithm)
    {
        lock (_keys)
        {
            if (!_keys.TryGetValue(id, out var key)) _keys[id] = key = TestKey.Make(id, algorithm);
            return key;
        }
    }

    /// <summary>The public halves as a JWK set (RFC 7517 section 5); <see cref="Ec"/> alone when none are named.</summary>
    public string Jwks(params TestKey[] keys) =>
        new JsonObject { ["keys"] = new JsonArray([.. (keys.Length == 0 ? [Ec] : keys).Select(k => (JsonNode)k.Public())]) }.ToJsonString();

    /// <summary>What discovery answers (OpenID Connect Discovery section 4.2), as far as a resource server needs it.</summary>
    public string Discovery(string jwksUri) => new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = jwksUri }.ToJsonString();

    /// <summary>A token in its compact form, good from <paramref name="now"/> on for five minutes.</summary>
    /// <param name="claims">Added to, or put instead of, <c>iss sub aud client_id scope jti iat exp</c>.</param>
    /// <param name="header">Added to, or put instead of, <c>alg kid typ</c>.</param>
    /// <param name="key">What it is signed with; <see cref="Ec"/> unless given.</param>
    public string Token(DateTimeOffset now, JsonObject? claims = null, JsonObject? header = null, TestKey? key = null)
    {
        key ??= Ec;
        var seconds = now.ToUnixTimeSeconds();
        var payload = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = "anna",
            ["aud"] = Audience,
            ["client_id"] = "web-shop",
            ["scope"] = "orders.read",
            ["jti"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
            ["iat"] = seconds,
            ["exp"] = seconds + 300,
        };
        return key.Sign(
            With(new JsonObject { ["alg"] = key.Algorithm, ["kid"] = key.Id, ["typ"] = "at+jwt" }, header).ToJsonString(),
            With(payload, claims).ToJsonString());
    }

    /// <summary>A DPoP proof (RFC 9449 section 4.2) for a request with this token.</summary>
    /// <param name="key">The client's own key.</param>
    public static string Proof(
        DateTimeOffset now, TestKey key, string method, string target, string token, JsonObject? claims = null, JsonObject? header = null)
    {
        var payload = new JsonObject
        {
            ["jti"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
            ["htm"] = method,
            ["htu"] = target,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["ath"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token))),
        };
        var bare = key.Public();
        foreach (var name in (string[])["kid", "alg", "use"]) bare.Remove(name);
        return key.Sign(
            With(new JsonObject { ["alg"] = key.Algorithm, ["typ"] = "dpop+jwt", ["jwk"] = bare }, header).ToJsonString(),
            With(payload, claims).ToJsonString());
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values) key.Dispose();
    }

    private static JsonObject With(JsonObject usual, JsonObject? other)
    {
        foreach (var (name, value) in other ?? [])
        {
            if (value is null) usual.Remove(name);
            else usual[name] = value.DeepClone();
        }

        return usual;
    }
}

/// <summary>A key pair for signing: RS, PS or ES with 256, 384 or 512 bits of digest (RFC 7518 section 3.1).</summary>
internal sealed class TestKey : IDisposable
{
    private readonly AsymmetricAlgorithm _pair;

    private TestKey(string id, string algorithm, AsymmetricAlgorithm pair) => (Id, Algorithm, _pair) = (id, algorithm, pair);

    public string Id { get; }

    public string Algorithm { get; }

    public RSA? Rsa => _pair as RSA;

    /// <summary>RFC 7638: what <c>cnf.jkt</c> says of this key.</summary>
    public string Thumbprint
    {
        get
        {
            var key = Public();
            var text = key["kty"]!.GetValue<string>() == "RSA"
                ? $$"""{"e":"{{key["e"]}}","kty":"RSA","n":"{{key["n"]}}"}"""
                : $$"""{"crv":"{{key["crv"]}}","kty":"EC","x":"{{key["x"]}}","y":"{{key["y"]}}"}""";
            return Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(text)));
        }
    }

    public static TestKey Make(string id, string algorithm, int rsaBits = 2048) => new(id, algorithm, algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(rsaBits),
    });

    /// <summary>The public half as a JWK (RFC 7517 section 4), with <c>kid</c>, <c>alg</c> and <c>use</c>.</summary>
    public JsonObject Public()
    {
        var key = new JsonObject { ["kid"] = Id, ["alg"] = Algorithm, ["use"] = "sig" };
        if (_pair is RSA rsa)
        {
            var numbers = rsa.ExportParameters(false);
            (key["kty"], key["n"], key["e"]) = ("RSA", Base64Url.EncodeToString(numbers.Modulus), Base64Url.EncodeToString(numbers.Exponent));
            return key;
        }

        var point = ((ECDsa)_pair).ExportParameters(false).Q;
        key["kty"] = "EC";
        key["crv"] = point.X!.Length switch { 32 => "P-256", 48 => "P-384", _ => "P-521" };
        (key["x"], key["y"]) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        return key;
    }

    /// <summary>Signs these very texts, whatever they are (RFC 7515 section 3.1).</summary>
    public string Sign(string header, string payload)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public byte[] Sign(byte[] data)
    {
        var hash = Algorithm[^3..] switch
        {
            "256" => HashAlgorithmName.SHA256,
            "384" => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };
        return _pair is RSA rsa
            ? rsa.SignData(data, hash, Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
            : ((ECDsa)_pair).SignData(data, hash);
    }

    public void Dispose() => _pair.Dispose();
}
