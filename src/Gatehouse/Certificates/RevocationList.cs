using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Certificates;

/// <summary>
/// A complete list of what one authority has revoked (RFC 5280 section 5), in DER or PEM. Lists for some of an authority's certificates only, lists
/// of other authorities' certificates, differences between lists and everything critical that is not known are refused: half a list says too little.
/// </summary>
internal sealed class RevocationList
{
    /// <summary>Bytes of the largest list that is read.</summary>
    public const int Largest = 16 * 1024 * 1024;

    private const string DeltaIndicator = "2.5.29.27";
    private const string DistributionPoint = "2.5.29.28";
    private const string PemLabel = "X509 CRL";

    private readonly HashSet<string> _serials = new(StringComparer.Ordinal);
    private readonly StrongSignature _algorithm;
    private readonly byte[] _signed;
    private readonly byte[] _signature;
    private byte[]? _signer;

    private RevocationList(byte[] der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var list = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        _signed = list.ReadEncodedValue().ToArray();
        var algorithm = list.PeekEncodedValue();
        _algorithm = StrongSignature.Read(list) ?? throw new CryptographicException("its signature is weaker than SHA-256");
        _signature = list.ReadBitString(out var unused);
        list.ThrowIfNotEmpty();
        var fields = new AsnReader(_signed, AsnEncodingRules.DER).ReadSequence();
        var hasVersion = fields.PeekTag().HasSameClassAndValue(Asn1Tag.Integer);
        if (hasVersion && (!fields.TryReadInt32(out var version) || version != 1)) throw new CryptographicException("its version is not 2");
        if (unused != 0 || !fields.ReadEncodedValue().Span.SequenceEqual(algorithm.Span))
            throw new CryptographicException("it names two signature algorithms"); // RFC 5280 section 5.1.1.2
        Issuer = fields.ReadEncodedValue().ToArray();
        ThisUpdate = ReadTime(fields);
        if (!fields.HasData || !IsTime(fields.PeekTag())) throw new CryptographicException("it does not say when the next one comes");
        NextUpdate = ReadTime(fields);
        if (fields.HasData && fields.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence)) ReadRevoked(fields.ReadSequence());
        var extensions = new Asn1Tag(TagClass.ContextSpecific, 0);
        if (fields.HasData && fields.PeekTag().HasSameClassAndValue(extensions)) RefuseUnknown(fields.ReadSequence(extensions).ReadSequence());
        fields.ThrowIfNotEmpty();
        Digest = Convert.ToHexStringLower(SHA256.HashData(der));
    }

    /// <summary>The authority's name, as it is encoded.</summary>
    public byte[] Issuer { get; }

    public DateTimeOffset ThisUpdate { get; }

    /// <summary>From then on the list is stale.</summary>
    public DateTimeOffset NextUpdate { get; }

    /// <summary>SHA-256 of the list, in hex.</summary>
    public string Digest { get; }

    /// <summary>Reads a list. Never throws.</summary>
    /// <param name="fault">Why it cannot be used, as in "it is a difference to another list".</param>
    public static RevocationList? Read(byte[] bytes, out string fault)
    {
        fault = "";
        try
        {
            if (bytes.Length > Largest) throw new CryptographicException("it is too large");
            return new RevocationList(Unwrap(bytes));
        }
        catch (CryptographicException e) when (e.GetType() == typeof(CryptographicException) && e.InnerException is null)
        {
            fault = e.Message;
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or FormatException)
        {
            fault = "it is no revocation list in DER or PEM";
        }

        return null;
    }

    /// <summary>Whether the list has the certificate with this serial number, in the digits of <see cref="SerialOf"/>.</summary>
    public bool Revokes(string serial) => _serials.Contains(serial);

    public static string SerialOf(X509Certificate2 certificate) => Digits(certificate.SerialNumberBytes.Span);

    /// <summary>Whether this authority has made the list.</summary>
    public bool IsSignedBy(X509Certificate2 authority)
    {
        if (!authority.SubjectName.RawData.AsSpan().SequenceEqual(Issuer)) return false;
        if (Volatile.Read(ref _signer) is { } known && authority.RawDataMemory.Span.SequenceEqual(known)) return true; // it may be long to hash
        foreach (var extension in authority.Extensions)
            if (extension is X509KeyUsageExtension usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign)) return false;
        try
        {
            if (CertificateStrength.FaultOfKey(authority) is not null || !_algorithm.Verifies(authority, _signed, _signature)) return false;
            Volatile.Write(ref _signer, authority.RawData);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[] Unwrap(byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith("-----BEGIN"u8)) return bytes;
        var text = Encoding.ASCII.GetString(bytes);
        if (!PemEncoding.TryFind(text, out var found) || !text.AsSpan()[found.Label].SequenceEqual(PemLabel))
            throw new FormatException();
        return Convert.FromBase64String(text[found.Base64Data]);
    }

    private void ReadRevoked(AsnReader entries)
    {
        while (entries.HasData)
        {
            var entry = entries.ReadSequence();
            _serials.Add(Digits(entry.ReadIntegerBytes().Span));
            ReadTime(entry);
            if (entry.HasData) RefuseUnknown(entry.ReadSequence());
            entry.ThrowIfNotEmpty();
        }
    }

    private static void RefuseUnknown(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var id = extension.ReadObjectIdentifier();
            var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            if (id == DeltaIndicator) throw new CryptographicException("it is a difference to another list");
            if (id == DistributionPoint) throw new CryptographicException("it is a list of a part only");
            if (critical) throw new CryptographicException("it says something critical that is not known here");
        }
    }

    private static bool IsTime(Asn1Tag tag) => tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader fields) =>
        fields.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? fields.ReadUtcTime() : fields.ReadGeneralizedTime();

    private static string Digits(ReadOnlySpan<byte> number) => Convert.ToHexStringLower(number.TrimStart((byte)0));
}
