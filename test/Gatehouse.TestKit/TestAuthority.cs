using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.TestKit;

/// <summary>An authority that issues what a test asks for, right or wrong: certificates, further authorities, revocation lists.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ForClients = "1.3.6.1.5.5.7.3.2";
    public const string ForServers = "1.3.6.1.5.5.7.3.1";

    private readonly AsymmetricAlgorithm _key;

    private TestAuthority(X509Certificate2 certificate, AsymmetricAlgorithm key, DateTimeOffset now) =>
        (Certificate, _key, Now) = (certificate, key, now);

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate { get; }

    public DateTimeOffset Now { get; }

    public string Pem => Certificate.ExportCertificatePem();

    public static TestAuthority Root(string name, DateTimeOffset now, AsymmetricAlgorithm? key = null, DateTimeOffset? until = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, HashAlgorithmName.SHA256);
        MakeAuthority(request, null);
        var certificate = request.CreateSelfSigned(now.AddDays(-100), until ?? now.AddDays(400));
        return new TestAuthority(certificate, key, now);
    }

    /// <param name="change">What the intermediate's certificate has beyond, or instead.</param>
    public TestAuthority Intermediate(
        string name,
        int? pathLength = null,
        Action<CertificateRequest>? change = null,
        bool isAuthority = true,
        DateTimeOffset? until = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, HashAlgorithmName.SHA256);
        if (isAuthority) MakeAuthority(request, pathLength);
        change?.Invoke(request);
        using var bare = Sign(request, Now.AddDays(-50), until ?? Now.AddDays(300));
        return new TestAuthority(WithKey(bare, key), key, Now);
    }

    public X509Certificate2 Issue(TestClient client)
    {
        var key = client.Key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(client.Name, key, HashAlgorithmName.SHA256);
        if (client.Names.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var name in client.Names)
            {
                if (name.StartsWith("uri:", StringComparison.Ordinal)) names.AddUri(new Uri(name[4..]));
                else names.AddDnsName(name["dns:".Length..]);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(client.IsAuthority, false, 0, true));
        if (client.Purposes.Count > 0)
        {
            var purposes = new OidCollection();
            foreach (var purpose in client.Purposes) purposes.Add(new Oid(purpose));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
        }

        client.Change?.Invoke(request);
        using var bare = client.SelfSigned
            ? request.CreateSelfSigned(Now + client.From, Now + client.Until)
            : Sign(request, Now + client.From, Now + client.Until, client.Hash);
        return WithKey(bare, key);
    }

    public byte[] List(params IReadOnlyList<X509Certificate2> revoked) => List(new TestList(), revoked);

    public byte[] List(TestList list, params IReadOnlyList<X509Certificate2> revoked) => list.Write(Certificate, _key, Now, revoked);

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static void MakeAuthority(CertificateRequest request, int? pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
    }

    private static CertificateRequest Request(string name, AsymmetricAlgorithm key, HashAlgorithmName hash) => key is RSA rsa
        ? new CertificateRequest("CN=" + name, rsa, hash, RSASignaturePadding.Pkcs1)
        : new CertificateRequest("CN=" + name, (ECDsa)key, hash);

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset from, DateTimeOffset until, HashAlgorithmName? hash = null)
    {
        var signer = hash == HashAlgorithmName.SHA1 ? new Sha1Signer((RSA)_key) : _key is RSA rsa
            ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa((ECDsa)_key);
        var serial = RandomNumberGenerator.GetBytes(12);
        serial[0] &= 0x7f;
        var copy = new CertificateRequest(request.SubjectName, request.PublicKey, HashAlgorithmName.SHA256);
        foreach (var extension in request.CertificateExtensions) copy.CertificateExtensions.Add(extension);
        return copy.Create(Certificate.SubjectName, signer, from, until, serial);
    }

    private static X509Certificate2 WithKey(X509Certificate2 bare, AsymmetricAlgorithm key)
    {
        if (bare.HasPrivateKey) return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
        using var keyed = key is RSA rsa ? bare.CopyWithPrivateKey(rsa) : bare.CopyWithPrivateKey((ECDsa)key);
        return X509CertificateLoader.LoadPkcs12(keyed.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>Signs as nobody should any longer; the platform refuses to.</summary>
internal sealed class Sha1Signer(RSA key) : X509SignatureGenerator
{
    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
        Convert.FromHexString("300d06092a864886f70d0101050500"); // sha1WithRSAEncryption, RFC 3279 section 2.2.1

    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
        key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    protected override PublicKey BuildPublicKey() => new(key);
}

/// <summary>What a client's certificate says: a good one unless a test asks for something else.</summary>
internal sealed record TestClient
{
    public string Name { get; init; } = "freight";

    public IReadOnlyList<string> Names { get; init; } = ["dns:freight.acme.example"];

    public IReadOnlyList<string> Purposes { get; init; } = [TestAuthority.ForClients];

    public bool IsAuthority { get; init; }

    public bool SelfSigned { get; init; }

    public TimeSpan From { get; init; } = TimeSpan.FromDays(-1);

    public TimeSpan Until { get; init; } = TimeSpan.FromDays(200);

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    /// <summary>P-256 unless given.</summary>
    public AsymmetricAlgorithm? Key { get; init; }

    public Action<CertificateRequest>? Change { get; init; }
}
