using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.TestKit;

/// <summary>A certificate authority of the test's own, and what it issues: as objects and as PEM files in a folder that goes with it.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly X509Certificate2 _authority;
    private int _issued;

    public TestCertificates(string name = "Gatehouse test authority")
    {
        Folder = Directory.CreateTempSubdirectory("gatehouse-certs-").FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(_now.AddDays(-10), _now.AddDays(10));
        AuthorityFile = Path.Combine(Folder, "ca.pem");
        File.WriteAllText(AuthorityFile, AuthorityPem);
    }

    /// <summary>Where the files are; deleted on dispose.</summary>
    public string Folder { get; }

    public X509Certificate2 Authority => _authority;

    public string AuthorityPem => _authority.ExportCertificatePem();

    public string AuthorityFile { get; }

    /// <summary>A server's certificate for these DNS names and IP addresses, valid now.</summary>
    public TestCertificate Issue(params string[] names) => Issue(_now.AddDays(-1), _now.AddDays(5), "1.3.6.1.5.5.7.3.1", names);

    public TestCertificate IssueExpired(params string[] names) => Issue(_now.AddDays(-5), _now.AddDays(-1), "1.3.6.1.5.5.7.3.1", names);

    /// <summary>A certificate that is meant for clients, not for servers.</summary>
    public TestCertificate IssueForClient(params string[] names) => Issue(_now.AddDays(-1), _now.AddDays(5), "1.3.6.1.5.5.7.3.2", names);

    /// <summary>A certificate that nobody but itself vouches for.</summary>
    public TestCertificate IssueSelfSigned(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Request(key, "1.3.6.1.5.5.7.3.1", names).CreateSelfSigned(_now.AddDays(-1), _now.AddDays(5));
        return Save(certificate, key);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private TestCertificate Issue(DateTimeOffset from, DateTimeOffset until, string usage, string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bare = Request(key, usage, names).Create(_authority, from, until, RandomNumberGenerator.GetBytes(12));
        using var certificate = bare.CopyWithPrivateKey(key);
        return Save(certificate, key);
    }

    private static CertificateRequest Request(ECDsa key, string usage, string[] names)
    {
        var request = new CertificateRequest("CN=" + names[0], key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        return request;
    }

    private TestCertificate Save(X509Certificate2 certificate, ECDsa key)
    {
        var number = Interlocked.Increment(ref _issued).ToString(CultureInfo.InvariantCulture);
        var certificateFile = Path.Combine(Folder, $"leaf-{number}.pem");
        var keyFile = Path.Combine(Folder, $"leaf-{number}.key");
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new TestCertificate(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null), certificateFile, keyFile);
    }
}

/// <summary>A certificate with its private key, and the PEM files of both.</summary>
internal sealed record TestCertificate(X509Certificate2 Certificate, string CertificateFile, string KeyFile);
