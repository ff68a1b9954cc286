using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.TestKit;

/// <summary>What a revocation list says (RFC 5280 section 5.1): a good one unless a test asks for something else.</summary>
internal sealed record TestList
{
    public TimeSpan From { get; init; } = TimeSpan.FromHours(-1);

    public TimeSpan Until { get; init; } = TimeSpan.FromDays(1);

    public bool HasNextUpdate { get; init; } = true;

    /// <summary>Another name than the signer's.</summary>
    public byte[]? Issuer { get; init; }

    /// <summary>An extension of the whole list: its id, and whether it is critical.</summary>
    public (string Id, bool Critical)? Extension { get; init; }

    /// <summary>An extension of every entry.</summary>
    public (string Id, bool Critical)? EntryExtension { get; init; }

    public bool Sha1 { get; init; }

    public byte[] Write(X509Certificate2 authority, AsymmetricAlgorithm key, DateTimeOffset now, IReadOnlyList<X509Certificate2> revoked)
    {
        var signed = new AsnWriter(AsnEncodingRules.DER);
        using (signed.PushSequence())
        {
            signed.WriteInteger(1);
            WriteAlgorithm(signed, key);
            signed.WriteEncodedValue(Issuer ?? authority.SubjectName.RawData);
            signed.WriteUtcTime(now + From);
            if (HasNextUpdate) signed.WriteUtcTime(now + Until);
            if (revoked.Count > 0) WriteRevoked(signed, now, revoked);
            if (Extension is { } extension)
                using (signed.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0))) WriteExtension(signed, extension);
        }

        var content = signed.Encode();
        var hash = Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;
        var signature = key is RSA rsa
            ? rsa.SignData(content, hash, RSASignaturePadding.Pkcs1)
            : ((ECDsa)key).SignData(content, hash, DSASignatureFormat.Rfc3279DerSequence);
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(content);
            WriteAlgorithm(list, key);
            list.WriteBitString(signature);
        }

        return list.Encode();
    }

    private void WriteRevoked(AsnWriter signed, DateTimeOffset now, IReadOnlyList<X509Certificate2> revoked)
    {
        using var entries = signed.PushSequence();
        foreach (var certificate in revoked)
        {
            using var entry = signed.PushSequence();
            signed.WriteInteger(certificate.SerialNumberBytes.Span);
            signed.WriteUtcTime(now.AddHours(-2));
            if (EntryExtension is { } extension) WriteExtension(signed, extension);
        }
    }

    private static void WriteExtension(AsnWriter to, (string Id, bool Critical) extension)
    {
        using var all = to.PushSequence();
        using var one = to.PushSequence();
        to.WriteObjectIdentifier(extension.Id);
        if (extension.Critical) to.WriteBoolean(true);
        to.WriteOctetString([0x05, 0x00]);
    }

    private void WriteAlgorithm(AsnWriter to, AsymmetricAlgorithm key)
    {
        using var algorithm = to.PushSequence();
        to.WriteObjectIdentifier((key is RSA, Sha1) switch
        {
            (true, false) => "1.2.840.113549.1.1.11",
            (true, true) => "1.2.840.113549.1.1.5",
            (false, false) => "1.2.840.10045.4.3.2",
            (false, true) => "1.2.840.10045.4.1",
        });
        if (key is RSA) to.WriteNull();
    }
}
