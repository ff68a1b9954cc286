using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Certificates;

/// <summary>What makes a certificate too weak to vouch for anybody, whatever the platform would let pass.</summary>
internal static class CertificateStrength
{
    private const int LeastRsaBits = 2048;
    private const int LeastCurveBits = 256;

    /// <summary>Why the certificate's key is not used, or null.</summary>
    public static string? FaultOfKey(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        if (rsa is not null) return rsa.KeySize < LeastRsaBits ? "an RSA key of less than 2048 bits" : null;
        using var curve = certificate.GetECDsaPublicKey();
        return curve is null ? "a key that is neither RSA nor ECDSA" : curve.KeySize < LeastCurveBits ? "a curve of less than 256 bits" : null;
    }

    /// <summary>Why the signature under the certificate is not believed, or null. An authority's own does not matter: it is pinned.</summary>
    public static string? FaultOfSignature(X509Certificate2 certificate)
    {
        try
        {
            var outer = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            outer.ReadEncodedValue(); // what is signed
            return StrongSignature.Read(outer) is null ? "a signature weaker than SHA-256" : null;
        }
        catch (AsnContentException)
        {
            return "a signature that cannot be read";
        }
    }
}
