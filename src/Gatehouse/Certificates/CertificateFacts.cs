using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Consumers;

namespace Gatehouse.Certificates;

/// <summary>What is read from a client certificate for those who ask whose it is.</summary>
internal static class CertificateFacts
{
    private const string AlternativeNames = "2.5.29.17";
    private const int MostNames = 100;
    private const int LongestName = 1000;

    /// <summary>The facts, or null when a name in it is not plain text or there are too many: what may be read in two ways names nobody.</summary>
    public static ClientCertificate? Of(X509Certificate2 certificate)
    {
        if (NamesOf(certificate) is not { } names) return null;
        return new ClientCertificate
        {
            Names = names,
            SpkiDigest = SpkiDigestOf(certificate),
            Thumbprint = Base64Url.EncodeToString(SHA256.HashData(certificate.RawDataMemory.Span)),
            Serial = SerialOf(certificate),
            Expires = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero),
        };
    }

    public static string SpkiDigestOf(X509Certificate2 certificate) =>
        "sha256:" + Base64Url.EncodeToString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    public static string SerialOf(X509Certificate2 certificate) => RevocationList.SerialOf(certificate);

    private static List<string>? NamesOf(X509Certificate2 certificate)
    {
        var names = new List<string>();
        var found = false;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != AlternativeNames) continue;
            if (found) return null; // RFC 5280 section 4.2: each at most once
            found = true;
            try
            {
                if (!TryAdd(names, extension.RawData)) return null;
            }
            catch (AsnContentException)
            {
                return null;
            }
        }

        return names;
    }

    /// <summary>RFC 5280 section 4.2.1.6: [2] is a dNSName, [6] a uniformResourceIdentifier; the others name nobody here.</summary>
    private static bool TryAdd(List<string> names, byte[] extension)
    {
        var all = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (all.HasData)
        {
            var tag = all.PeekTag();
            if (names.Count >= MostNames) return false;
            if (tag is not { TagClass: TagClass.ContextSpecific, TagValue: 2 or 6 })
            {
                all.ReadEncodedValue();
                continue;
            }

            var name = all.ReadCharacterString(UniversalTagNumber.IA5String, tag);
            if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExceptInRange('!', '~')) return false;
            names.Add((tag.TagValue == 2 ? "dns:" : "uri:") + name);
        }

        return true;
    }
}
