using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Microsoft.Extensions.ObjectPool;

namespace Gatehouse.Assertions;

/// <summary>
/// A private key under which assertions are signed: EC on P-256 (ES256), or RSA of at least 2048 bits (RS256), RFC 7518 section 3. Its id is the
/// thumbprint of its public part (RFC 7638), so that nobody has to choose one and no two keys share one.
/// </summary>
internal sealed class AssertionKey
{
    private const int LeastRsaBits = 2048;
    private const string P256 = "1.2.840.10045.3.1.7"; // RFC 5480 section 2.1.1.1

    private readonly ObjectPool<AsymmetricAlgorithm> _signers;

    private AssertionKey(string algorithm, string publicPart, Func<AsymmetricAlgorithm> open)
    {
        _signers = new DefaultObjectPool<AsymmetricAlgorithm>(new Signers(open), Environment.ProcessorCount * 2);
        Algorithm = algorithm;
        // RFC 7638 section 3: the required members alone, in the order of their names, without blanks; that is how they are written here
        Id = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{{{publicPart}}}")));
        Published = $$"""{{{publicPart}},"kid":"{{Id}}","use":"sig","alg":"{{algorithm}}"}""";
    }

    /// <summary><c>ES256</c> or <c>RS256</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The <c>kid</c>.</summary>
    public string Id { get; }

    /// <summary>The public part as a JSON Web Key (RFC 7517).</summary>
    public string Published { get; }

    /// <summary>The key in a PEM text; otherwise why it cannot be one, as a constant text.</summary>
    public static AssertionKey? Read(Secret pem, out string fault)
    {
        var text = Encoding.UTF8.GetString(pem.Bytes);
        fault = "it is no private key in PEM, neither EC nor RSA";
        try
        {
            return ReadEc(text, ref fault) ?? ReadRsa(text, ref fault);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The signature in the form of RFC 7515: for ES256 the two numbers one after the other (RFC 7518 section 3.4).</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        var signer = _signers.Get(); // one signs for one caller at a time: the classes do not promise more
        try
        {
            return signer switch
            {
                ECDsa ec => ec.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
                RSA rsa => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
                _ => throw new NotSupportedException(),
            };
        }
        finally
        {
            _signers.Return(signer);
        }
    }

    /// <summary>Whom it is about is told by its id alone.</summary>
    public override string ToString() => Id;

    private static AssertionKey? ReadEc(string pem, ref string fault)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null; // it may be RSA
        }

        fault = "it is no private key on the curve P-256";
        var all = key.ExportParameters(includePrivateParameters: true);
        if (all.Curve.Oid?.Value != P256 && all.Curve.Oid?.FriendlyName != ECCurve.NamedCurves.nistP256.Oid.FriendlyName)
            throw new CryptographicException();
        return new AssertionKey("ES256", $"\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{Text(all.Q.X)}\",\"y\":\"{Text(all.Q.Y)}\"",
            () => ECDsa.Create(all));
    }

    private static AssertionKey? ReadRsa(string pem, ref string fault)
    {
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        fault = "it is no private RSA key of at least 2048 bits";
        var all = key.ExportParameters(includePrivateParameters: true);
        if (key.KeySize < LeastRsaBits) return null;
        return new AssertionKey("RS256", $"\"e\":\"{Text(all.Exponent)}\",\"kty\":\"RSA\",\"n\":\"{Text(all.Modulus)}\"", () => RSA.Create(all));
    }

    private static string Text(byte[]? number) => Base64Url.EncodeToString(number);

    private sealed class Signers(Func<AsymmetricAlgorithm> open) : PooledObjectPolicy<AsymmetricAlgorithm>
    {
        public override AsymmetricAlgorithm Create() => open();

        public override bool Return(AsymmetricAlgorithm obj) => true;
    }
}
