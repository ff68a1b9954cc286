using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Certificates;

/// <summary>
/// A signature algorithm that may vouch for a certificate or a revocation list: RSA (PKCS #1 or PSS, RFC 4055) or ECDSA (RFC 5758) with SHA-256 or
/// longer. SHA-1, MD5 and everything unknown are none.
/// </summary>
internal sealed record StrongSignature(HashAlgorithmName Hash, bool EllipticCurve, RSASignaturePadding? Padding)
{
    /// <param name="algorithm">Stands at an <c>AlgorithmIdentifier</c> (RFC 5280 section 4.1.1.2), which is read.</param>
    /// <returns>Null for an algorithm that is too weak or unknown.</returns>
    /// <exception cref="AsnContentException">It is no such thing.</exception>
    public static StrongSignature? Read(AsnReader algorithm)
    {
        var fields = algorithm.ReadSequence();
        var id = fields.ReadObjectIdentifier();
        return id switch
        {
            "1.2.840.113549.1.1.11" => Pkcs1(HashAlgorithmName.SHA256),
            "1.2.840.113549.1.1.12" => Pkcs1(HashAlgorithmName.SHA384),
            "1.2.840.113549.1.1.13" => Pkcs1(HashAlgorithmName.SHA512),
            "1.2.840.10045.4.3.2" => new(HashAlgorithmName.SHA256, true, null),
            "1.2.840.10045.4.3.3" => new(HashAlgorithmName.SHA384, true, null),
            "1.2.840.10045.4.3.4" => new(HashAlgorithmName.SHA512, true, null),
            "1.2.840.113549.1.1.10" => Pss(fields),
            _ => null,
        };
    }

    /// <summary>Whether the certificate's key made this signature.</summary>
    public bool Verifies(X509Certificate2 signer, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        if (EllipticCurve)
        {
            using var curve = signer.GetECDsaPublicKey();
            return curve is not null && curve.VerifyData(content, signature, Hash, DSASignatureFormat.Rfc3279DerSequence);
        }

        using var rsa = signer.GetRSAPublicKey();
        return rsa is not null && rsa.VerifyData(content, signature, Hash, Padding!);
    }

    private static StrongSignature Pkcs1(HashAlgorithmName hash) => new(hash, false, RSASignaturePadding.Pkcs1);

    /// <summary>RFC 4055 section 3.1: without parameters the hash is SHA-1.</summary>
    private static StrongSignature? Pss(AsnReader fields)
    {
        if (!fields.HasData) return null;
        var parameters = fields.ReadSequence();
        var hash = new Asn1Tag(TagClass.ContextSpecific, 0);
        if (!parameters.HasData || !parameters.PeekTag().HasSameClassAndValue(hash)) return null;
        return parameters.ReadSequence(hash).ReadSequence().ReadObjectIdentifier() switch
        {
            "2.16.840.1.101.3.4.2.1" => new(HashAlgorithmName.SHA256, false, RSASignaturePadding.Pss),
            "2.16.840.1.101.3.4.2.2" => new(HashAlgorithmName.SHA384, false, RSASignaturePadding.Pss),
            "2.16.840.1.101.3.4.2.3" => new(HashAlgorithmName.SHA512, false, RSASignaturePadding.Pss),
            _ => null,
        };
    }
}
