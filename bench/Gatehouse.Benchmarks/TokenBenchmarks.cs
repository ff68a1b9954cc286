using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Gatehouse.Telemetry;
using Gatehouse.Tokens;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.Benchmarks;

/// <summary>What a token costs that is new (RS256, 2048 bits), or known; and what its signature alone, and the library's whole, would cost.</summary>
[MemoryDiagnoser]
public class TokenBenchmarks : IDisposable
{
    private const int Tokens = 1024;
    private const string Name = "https://id.retailer.example";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly JsonWebTokenHandler _handler = new();
    private readonly GatehouseMeter _meter = new();
    private readonly PresentedToken[] _tokens = new PresentedToken[Tokens];
    private readonly (byte[] Signed, byte[] Signature)[] _bare = new (byte[], byte[])[Tokens];
    private TokenValidationParameters _parameters = new();
    private Issuer _issuer = null!;
    private TokenVerifier _verifier = new();

    [GlobalSetup]
    public async Task Sign()
    {
        var numbers = _rsa.ExportParameters(false);
        var (n, e) = (Base64Url.EncodeToString(numbers.Modulus), Base64Url.EncodeToString(numbers.Exponent));
        var jwks = $$"""{"keys":[{"kty":"RSA","kid":"k","n":"{{n}}","e":"{{e}}"}]}""";
        _issuer = new Issuer
        {
            Name = "customers",
            Identifier = Name,
            Audiences = ["retailer-apis"],
            Algorithms = [SigningAlgorithm.RS256],
            Keys = new KeySource { Set = Encoding.UTF8.GetBytes(jwks) },
        };
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        for (var i = 0; i < Tokens; i++)
        {
            var claims = string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                {"iss":"{{Name}}","aud":"retailer-apis","sub":"u{{i}}","client_id":"web-shop","scope":"orders.read",
                 "jti":"{{i}}","iat":{{now}},"exp":{{now + 3600}}}
                """);
            var signed = $"{Text("""{"alg":"RS256","kid":"k","typ":"at+jwt"}""")}.{Text(claims)}";
            var bytes = Encoding.ASCII.GetBytes(signed);
            var signature = _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            _bare[i] = (bytes, signature);
            var text = $"{signed}.{Base64Url.EncodeToString(signature)}";
            _tokens[i] = new PresentedToken(TokenScheme.Bearer, text, null, null, "GET", "https://a.example/");
        }

        _parameters = new TokenValidationParameters
        {
            ValidIssuer = Name,
            ValidAudience = "retailer-apis",
            ValidAlgorithms = ["RS256"],
            IssuerSigningKey = new RsaSecurityKey(numbers) { KeyId = "k" },
        };
        _verifier = Verifier();
        foreach (var token in _tokens)
            if ((await _verifier.VerifyAsync(token)).Token is null) throw new InvalidOperationException("no good token");
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public async Task<int> Recognise()
    {
        var good = 0;
        foreach (var token in _tokens) good += (await _verifier.VerifyAsync(token)).Token is null ? 0 : 1;
        return good;
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public async Task<int> VerifyNew()
    {
        var verifier = Verifier();
        var good = 0;
        foreach (var token in _tokens) good += (await verifier.VerifyAsync(token)).Token is null ? 0 : 1;
        return good;
    }

    [Benchmark(OperationsPerInvoke = Tokens, Baseline = true)]
    public int SignatureAlone()
    {
        var good = 0;
        foreach (var (signed, signature) in _bare)
            good += _rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ? 1 : 0;
        return good;
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public async Task<int> LibraryWhole()
    {
        var good = 0;
        foreach (var token in _tokens) good += (await _handler.ValidateTokenAsync(token.Text, _parameters)).IsValid ? 1 : 0;
        return good;
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }

    private static string Text(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private TokenVerifier Verifier() => TokenVerifier.For([_issuer], static (_, _, create) => create(), TimeProvider.System, null, _meter);
}
