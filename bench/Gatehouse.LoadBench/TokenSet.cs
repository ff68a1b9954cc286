using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.LoadBench;

/// <summary>An issuer of the benchmark's own: one RSA key of 2048 bits, and tokens of many callers signed with it (RS256).</summary>
internal sealed class TokenSet
{
    public const string Issuer = "https://idp.bench.test";
    public const string Audience = "orders-api";
    public const string Client = "web-shop";
    public const string WriteScope = "orders.write";
    private const string ReadScopes = "orders.read orders.list";
    private const string KeyId = "k1";

    private readonly string _folder;
    private readonly RSA _key = RSA.Create(2048);

    public TokenSet(string folder)
    {
        _folder = folder;
        PublicKey = Path.Combine(folder, "issuer.pem");
        File.WriteAllText(PublicKey, _key.ExportSubjectPublicKeyInfoPem());
        var parameters = _key.ExportParameters(includePrivateParameters: false);
        Keys = Path.Combine(folder, "issuer.json");
        File.WriteAllText(Keys, $$"""
            {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"{{KeyId}}",
            "n":"{{Base64Url.EncodeToString(parameters.Modulus)}}","e":"{{Base64Url.EncodeToString(parameters.Exponent)}}"}]}
            """);
    }

    /// <summary>The public key as PEM.</summary>
    public string PublicKey { get; }

    /// <summary>The public key as a JSON Web Key Set.</summary>
    public string Keys { get; }

    /// <summary>A token of one caller, good for an hour.</summary>
    public string Make(int caller, int number, string scopes = ReadScopes)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var header = Encode($$"""{"alg":"RS256","typ":"at+jwt","kid":"{{KeyId}}"}""");
        var payload = Encode(string.Create(CultureInfo.InvariantCulture,
            $$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"caller-{{caller}}","client_id":"{{Client}}","scope":"{{scopes}}","""
            + $$""" "iat":{{now}},"exp":{{now + 3600}},"jti":"{{caller}}-{{number}}"}"""));
        var signed = $"{header}.{payload}";
        return signed + "." + Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    /// <summary>A wrk script that goes round through tokens: <paramref name="count"/> of them, of a hundred callers.</summary>
    public string Script(string name, int count)
    {
        var tokens = Path.Combine(_folder, name + ".tokens");
        File.WriteAllLines(tokens, Enumerable.Range(0, count).AsParallel().AsOrdered().Select(i => Make(i % 100, i)));
        var file = Path.Combine(_folder, name + ".lua");
        File.WriteAllText(file, $$"""
            local requests, i = {}, 0
            init = function(args)
              for token in io.lines("{{tokens}}") do
                requests[#requests + 1] = wrk.format("GET", "/orders/42", { ["Authorization"] = "Bearer " .. token, ["X-Consumer"] = "spoofed" })
              end
            end
            request = function() i = i % #requests + 1; return requests[i] end
            """);
        return file;
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
