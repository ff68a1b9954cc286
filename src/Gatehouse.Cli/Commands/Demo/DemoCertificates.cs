using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>
/// The demo's own authorities and what they issue, as PEM files in its folder: for the partners' listener, for three companies, of which the
/// declaration names two, and for somebody whom another authority vouches for.
/// </summary>
internal sealed class DemoCertificates
{
    private const string ForServers = "1.3.6.1.5.5.7.3.1";
    private const string ForClients = "1.3.6.1.5.5.7.3.2";
    private const int SerialBytes = 12;
    private static readonly TimeSpan Back = TimeSpan.FromHours(1);
    private static readonly TimeSpan Life = TimeSpan.FromDays(60);
    private static readonly TimeSpan Moment = TimeSpan.FromMinutes(1);

    private readonly string _folder;
    private readonly DateTimeOffset _now;

    private DemoCertificates(string folder, DateTimeOffset now)
    {
        _folder = folder;
        _now = now;
    }

    /// <summary>The authority of the partners' listener, which clients of it have to trust.</summary>
    public string ServerAuthority => PathOf("retailer-ca");

    /// <summary>The partner that exchanges documents.</summary>
    public DemoCertificate Acme => new(PathOf("acme-freight"), KeyOf("acme-freight"));

    /// <summary>The same partner's last one, which has ended.</summary>
    public DemoCertificate AcmeEnded => new(PathOf("acme-ended"), KeyOf("acme-ended"));

    /// <summary>One of the same partner that was lost, and revoked.</summary>
    public DemoCertificate AcmeRevoked => new(PathOf("acme-revoked"), KeyOf("acme-revoked"));

    /// <summary>The partner that fetches labels.</summary>
    public DemoCertificate Brook => new(PathOf("brook-couriers"), KeyOf("brook-couriers"));

    /// <summary>A company of the same authority that the declaration does not name.</summary>
    public DemoCertificate Other => new(PathOf("other-freight"), KeyOf("other-freight"));

    /// <summary>The partner's name, from an authority that is not the partners'.</summary>
    public DemoCertificate Impostor => new(PathOf("impostor"), KeyOf("impostor"));

    public static DemoCertificates Write(string folder, DateTimeOffset now)
    {
        var made = new DemoCertificates(folder, now);
        using (var retailer = made.Authority("retailer-ca")) made.Issue(retailer, "partners", ForServers, "127.0.0.1");
        using (var partners = made.Authority("partners-ca"))
        {
            made.Issue(partners, "acme-freight", ForClients, "freight.acme.example");
            made.Issue(partners, "acme-revoked", ForClients, "freight.acme.example");
            made.Issue(partners, "acme-ended", ForClients, "freight.acme.example", until: -Moment);
            made.Issue(partners, "brook-couriers", ForClients, "couriers.brook.example");
            made.Issue(partners, "other-freight", ForClients, "freight.other.example");
            made.Revoke(partners, "partners", "acme-revoked");
        }

        using var stranger = made.Authority("stranger-ca");
        made.Issue(stranger, "impostor", ForClients, "freight.acme.example");
        return made;
    }

    /// <summary>An authority, whose certificate is written; its key is kept only while it issues.</summary>
    private X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Gatehouse demo " + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var certificate = request.CreateSelfSigned(_now - Back, _now + Life);
        File.WriteAllText(PathOf(name), certificate.ExportCertificatePem());
        return certificate;
    }

    /// <param name="until">When it ends, from now on.</param>
    private void Issue(X509Certificate2 authority, string name, string purpose, string subject, TimeSpan? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(subject, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(subject);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var certificate = request.Create(authority, _now - Back, _now + (until ?? Life), RandomNumberGenerator.GetBytes(SerialBytes));
        File.WriteAllText(PathOf(name), certificate.ExportCertificatePem());
        var mode = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new StreamWriter(KeyOf(name), mode);
        file.WriteLine(key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The authority's list (RFC 5280 section 5), with one certificate on it.</summary>
    private void Revoke(X509Certificate2 authority, string name, string lost)
    {
        var list = new CertificateRevocationListBuilder();
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(PathOf(lost));
        list.AddEntry(certificate, _now - Back, X509RevocationReason.KeyCompromise);
        var der = list.Build(authority, 1, _now + Life, HashAlgorithmName.SHA256, thisUpdate: _now - Back);
        File.WriteAllText(Path.Combine(_folder, name + ".crl"), PemEncoding.WriteString("X509 CRL", der));
    }

    private string PathOf(string name) => Path.Combine(_folder, name + ".pem");

    private string KeyOf(string name) => Path.Combine(_folder, name + ".key");
}

/// <summary>The paths of a certificate and its key, both PEM.</summary>
internal sealed record DemoCertificate(string Certificate, string Key);
