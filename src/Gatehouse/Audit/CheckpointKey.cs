using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Audit;

/// <summary>
/// The private key under which checkpoints are signed: EC on P-256. It signs for one caller at a time, which is the trail's thread.
/// </summary>
internal sealed class CheckpointKey
{
    private readonly ECDsa _key;

    private CheckpointKey(ECDsa key)
    {
        _key = key;
        Public = new CheckpointVerifier(key.ExportSubjectPublicKeyInfo());
    }

    public CheckpointVerifier Public { get; }

    /// <summary>The key in a PEM text; otherwise why it cannot be one, as a constant text.</summary>
    public static CheckpointKey? Read(Secret pem, out string fault)
    {
        fault = "it is no private key in PEM on the curve P-256";
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.UTF8.GetString(pem.Bytes));
            var isPrivate = key.ExportParameters(includePrivateParameters: true).D is not null;
            if (isPrivate && CheckpointVerifier.IsP256(key)) return new CheckpointKey(key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // said below
        }

        key.Dispose();
        return null;
    }

    /// <summary>A new one.</summary>
    public static CheckpointKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The text as a signed note (C2SP signed-note, signature type 2), its name being that of the chain.</summary>
    public string Sign(string name, string text)
    {
        var signature = _key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var all = new byte[sizeof(uint) + signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(all, Public.Id);
        signature.CopyTo(all, sizeof(uint));
        return $"{text}\n— {name} {Convert.ToBase64String(all)}\n";
    }

    /// <summary>It is told by its public part alone.</summary>
    public override string ToString() => Public.ToString();
}
