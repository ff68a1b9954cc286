using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The tokens of the demo's two issuers (RFC 9068), each signed with that issuer's own key; and some that nobody should take.</summary>
/// <param name="address">Where the issuers are: their names are <c>/customers</c> and <c>/staff</c> below it.</param>
internal sealed class DemoTokens(Uri address, TimeProvider clock) : IDisposable
{
    public const string Audience = "retailer-apis";
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(30);

    private const string Algorithm = "ES256";
    private const int IdBytes = 8;

    private readonly ECDsa _customers = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _staff = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string NameOf(string issuer) => new Uri(address, issuer).ToString();

    /// <summary>A token of a client, for a person of its issuer, or for the client itself.</summary>
    public string For(DemoClient client, DemoPerson? person = null) => Sign(client.Issuer, Claims(client, person));

    /// <summary>One that ended an hour ago.</summary>
    public string Expired(DemoClient client, DemoPerson person)
    {
        var claims = Claims(client, person);
        claims["iat"] = Now() - 7200;
        claims["exp"] = Now() - 3600;
        return Sign(client.Issuer, claims);
    }

    /// <summary>One that is good, but for somebody else's services.</summary>
    public string ForAnother(DemoClient client, DemoPerson person)
    {
        var claims = Claims(client, person);
        claims["aud"] = "another-shop";
        return Sign(client.Issuer, claims);
    }

    /// <summary>One that says of itself that it is not signed.</summary>
    public string Unsigned(DemoClient client, DemoPerson person) =>
        Encode(new JsonObject { ["alg"] = "none", ["typ"] = "at+jwt" }) + "." + Encode(Claims(client, person)) + ".";

    /// <summary>One in the name of the client's issuer, which that issuer's key has not signed.</summary>
    public string Forged(DemoClient client, DemoPerson person)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(own, KeyId(client.Issuer), Claims(client, person));
    }

    /// <summary>One of an issuer that the gateway was not told of.</summary>
    public string OfStranger(DemoClient client, DemoPerson person)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var claims = Claims(client, person);
        claims["iss"] = "https://elsewhere.example";
        return Sign(own, "elsewhere-1", claims);
    }

    /// <summary>The keys that an issuer's tokens are verified by, as a JWK set (RFC 7517).</summary>
    public JsonObject KeysOf(string issuer)
    {
        var point = KeyOf(issuer).ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["use"] = "sig",
                ["alg"] = Algorithm,
                ["kid"] = KeyId(issuer),
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            }),
        };
    }

    public void Dispose()
    {
        _customers.Dispose();
        _staff.Dispose();
    }

    private JsonObject Claims(DemoClient client, DemoPerson? person)
    {
        var claims = new JsonObject
        {
            ["iss"] = NameOf(client.Issuer),
            ["aud"] = Audience,
            ["sub"] = person?.Name ?? client.Name,
            ["client_id"] = client.Name,
            ["scope"] = client.Scopes,
            ["iat"] = Now(),
            ["exp"] = Now() + (long)Life.TotalSeconds,
            ["jti"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
        };
        if (person is { Roles.Count: > 0 }) claims["roles"] = new JsonArray([.. person.Roles.Select(r => (JsonNode)r)]);
        return claims;
    }

    private string Sign(string issuer, JsonObject claims) => Sign(KeyOf(issuer), KeyId(issuer), claims);

    private static string Sign(ECDsa key, string keyId, JsonObject claims)
    {
        var signed = Encode(new JsonObject { ["alg"] = Algorithm, ["typ"] = "at+jwt", ["kid"] = keyId }) + "." + Encode(claims);
        return signed + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
    }

    private ECDsa KeyOf(string issuer) => issuer == DemoPerson.Customers ? _customers : _staff;

    private static string KeyId(string issuer) => issuer + "-1";

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
