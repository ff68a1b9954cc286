using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Audit;

/// <summary>The public key by which checkpoints are verified, for one caller at a time.</summary>
internal sealed class CheckpointVerifier
{
    private const string P256 = "1.2.840.10045.3.1.7"; // RFC 5480 section 2.1.1.1

    private readonly byte[] _spki;
    private readonly ECDsa _key = ECDsa.Create();

    public CheckpointVerifier(byte[] spki)
    {
        _spki = spki;
        _key.ImportSubjectPublicKeyInfo(spki, out _);
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(spki));
    }

    /// <summary>The first four bytes of the key's digest: a name, not a proof (C2SP signed-note).</summary>
    public uint Id { get; }

    /// <summary>The key as a PEM text, for who verifies.</summary>
    public string Pem => PemEncoding.WriteString("PUBLIC KEY", _spki);

    /// <summary>A public key in PEM on P-256, or null.</summary>
    public static CheckpointVerifier? Read(string pem)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return IsP256(key) ? new CheckpointVerifier(key.ExportSubjectPublicKeyInfo()) : null;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether the signature of that name is one of this key over the text.</summary>
    public bool Verifies(string name, string text, IEnumerable<NoteSignature> signatures)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return signatures.Any(s => s.Name == name && s.KeyId == Id
            && _key.VerifyData(bytes, s.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    public override string ToString() => Id.ToString("x8", CultureInfo.InvariantCulture);

    internal static bool IsP256(ECDsa key)
    {
        var curve = key.ExportParameters(includePrivateParameters: false).Curve;
        return curve.Oid?.Value == P256 || curve.Oid?.FriendlyName == ECCurve.NamedCurves.nistP256.Oid.FriendlyName;
    }
}
