using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.Tokens;

/// <summary>
/// A public key that verifies signatures, and nothing else: read from a JWK (RFC 7517, RFC 7518 section 6) that is not weak and says nothing that
/// contradicts its use. It serves the algorithms that it was made for.
/// </summary>
internal sealed class SigningKey
{
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 8192; // more costs milliseconds for each signature
    private const int LeastExponent = 65537;

    private readonly SignatureProvider?[] _providers = new SignatureProvider?[SigningAlgorithms.Count];
    private volatile bool _isGone;

    private SigningKey(string? id, string material) => (Id, Material) = (id, material);

    /// <summary><c>kid</c>; null without one.</summary>
    public string? Id { get; }

    /// <summary>What the key is, in the canonical text of RFC 7638.</summary>
    public string Material { get; }

    /// <summary>RFC 7638: SHA-256 of <see cref="Material"/>, in base64url.</summary>
    public string Thumbprint => field ??= System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Material)));

    /// <summary>Set when the issuer no longer has the key; what was verified with it is then no longer good.</summary>
    public bool IsGone => _isGone;

    /// <summary>The key of a JWK; null when it is not to be used. <paramref name="why"/> then says why; it is empty when it serves others.</summary>
    /// <param name="algorithms">The algorithms that it may serve.</param>
    public static SigningKey? TryRead(JsonElement jwk, IReadOnlyList<SigningAlgorithm> algorithms, out string why)
    {
        why = "is no JSON object";
        if (jwk.ValueKind != JsonValueKind.Object) return null;
        why = UseOf(jwk);
        if (why.Length > 0) return null;
        var type = TextOf(jwk, "kty");
        var own = TextOf(jwk, "alg");
        var material = type switch
        {
            "RSA" => RsaMaterial(jwk, out why),
            "EC" => EcMaterial(jwk, out why),
            _ => null,
        };
        if (material is null)
        {
            if (why.Length == 0) why = type == "oct" ? "is a shared secret, and published" : "is of an unknown kind";
            return null;
        }

        var key = new SigningKey(TextOf(jwk, "kid"), material);
        var curve = TextOf(jwk, "crv");
        if (own is not null && SigningAlgorithms.TryRead(own, out var named) && !Fits(named, type!, curve))
            why = $"claims {own}, for which it is no key";
        foreach (var algorithm in algorithms)
            if (Fits(algorithm, type!, curve) && (own is null || own == SigningAlgorithms.Word(algorithm))) key.Serve(algorithm, jwk);
        return why.Length == 0 && Array.Exists(key._providers, p => p is not null) ? key : null;
    }

    public bool Serves(SigningAlgorithm algorithm) => _providers[(int)algorithm] is not null;

    /// <summary>Whether the same key serves the same algorithms.</summary>
    public bool IsSameAs(SigningKey other)
    {
        if (Id != other.Id || Material != other.Material) return false;
        for (var i = 0; i < _providers.Length; i++)
            if (_providers[i] is null != other._providers[i] is null) return false;
        return true;
    }

    public void Go() => _isGone = true;

    public bool Verify(SigningAlgorithm algorithm, ArraySegment<byte> signed, byte[] signature)
    {
        if (_providers[(int)algorithm] is not { } provider) return false;
        try
        {
            return provider.Verify(signed.Array!, signed.Offset, signed.Count, signature, 0, signature.Length);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or SecurityTokenException)
        {
            return false; // no signature of this algorithm has this form
        }
    }

    internal static string? TextOf(JsonElement jwk, string name) =>
        jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Fits(SigningAlgorithm algorithm, string type, string? curve) =>
        SigningAlgorithms.KeyType(algorithm) == type && (type == "RSA" || SigningAlgorithms.Curve(algorithm) == curve);

    private void Serve(SigningAlgorithm algorithm, JsonElement jwk)
    {
        var key = SigningAlgorithms.KeyType(algorithm) == "RSA"
            ? new JsonWebKey { Kty = "RSA", N = TextOf(jwk, "n"), E = TextOf(jwk, "e") }
            : new JsonWebKey { Kty = "EC", Crv = TextOf(jwk, "crv"), X = TextOf(jwk, "x"), Y = TextOf(jwk, "y") };
        _providers[(int)algorithm] = new AsymmetricSignatureProvider(key, SigningAlgorithms.Word(algorithm), willCreateSignatures: false);
    }

    /// <summary>Why the key is not for verifying (RFC 7517 sections 4.2 and 4.3); empty when it is.</summary>
    private static string UseOf(JsonElement jwk)
    {
        if (jwk.TryGetProperty("d", out _)) return "is a private key, and published";
        if (jwk.TryGetProperty("use", out var use) && !(use.ValueKind == JsonValueKind.String && use.ValueEquals("sig"u8)))
            return "is not for signatures";
        if (!jwk.TryGetProperty("key_ops", out var operations)) return "";
        if (operations.ValueKind == JsonValueKind.Array)
            foreach (var operation in operations.EnumerateArray())
                if (operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"u8)) return "";
        return "is not for verifying";
    }

    private static string? RsaMaterial(JsonElement jwk, out string why)
    {
        why = "is no RSA key";
        if (NumberOf(jwk, "n") is not { } n || NumberOf(jwk, "e") is not { } e) return null;
        var modulus = new BigInteger(n, isUnsigned: true, isBigEndian: true);
        why = $"has fewer than {LeastRsaBits} bits";
        if (modulus.GetBitLength() < LeastRsaBits) return null;
        why = $"has more than {MostRsaBits} bits";
        if (modulus.GetBitLength() > MostRsaBits) return null;
        var exponent = new BigInteger(e, isUnsigned: true, isBigEndian: true);
        why = "has a weak exponent";
        if (e.Length > 8 || exponent < LeastExponent || exponent.IsEven || modulus.IsEven) return null;
        why = "was made by a generator with a known fault";
        if (WeakModulus.Is(modulus)) return null;
        why = "";
        return $$"""{"e":"{{TextOf(jwk, "e")}}","kty":"RSA","n":"{{TextOf(jwk, "n")}}"}""";
    }

    private static string? EcMaterial(JsonElement jwk, out string why)
    {
        why = "is on an unknown curve";
        var curve = TextOf(jwk, "crv");
        var (known, length) = curve switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, 48),
            "P-521" => (ECCurve.NamedCurves.nistP521, 66),
            _ => (default, 0),
        };
        if (length == 0) return null;
        why = "is no point of its curve";
        if (NumberOf(jwk, "x") is not { } x || NumberOf(jwk, "y") is not { } y || x.Length != length || y.Length != length) return null;
        try
        {
            using var check = ECDsa.Create(new ECParameters { Curve = known, Q = new ECPoint { X = x, Y = y } });
        }
        catch (CryptographicException)
        {
            return null;
        }

        why = "";
        return $$"""{"crv":"{{curve}}","kty":"EC","x":"{{TextOf(jwk, "x")}}","y":"{{TextOf(jwk, "y")}}"}""";
    }

    /// <summary>Base64urlUInt (RFC 7518 section 2), in its one canonical text.</summary>
    private static byte[]? NumberOf(JsonElement jwk, string name) => TextOf(jwk, name) is { Length: < 2048 } text ? TokenText.Decode(text) : null;
}
