using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Declaration;

/// <summary>Reads declarations from memory, on a fixed day, with the files that they may name.</summary>
internal static class Declarations
{
    public const string Folder = "test/Gatehouse.Tests/Declaration/golden";
    public const string File = "gatehouse.yaml";

    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A point of P-256, of the Wycheproof vectors.</summary>
    private const string PublicKey =
        """
        {"kid":"ec","kty":"EC","crv":"P-256",
         "x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY","y":"UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw"}
        """;

    private const string OddKeys = """{"kid":"rsa","kty":"RSA","n":"wA","e":"AQAB"},{"kid":"shared","kty":"oct","k":"AAAA"}""";

    private static readonly Dictionary<string, string> Usual = MakeUsual();

    private static readonly Dictionary<string, string> Variables = new()
    {
        ["PEPPER"] = "0123456789abcdef0123456789abcdef",
        ["SHORT_PEPPER"] = "short",
    };

    public static Reading Read(string text) => Read(new Dictionary<string, string> { [File] = text });

    public static Reading Read(IReadOnlyDictionary<string, string> files, string? environment = null)
    {
        var all = new Dictionary<string, string>(Usual);
        foreach (var (path, text) in files) all[path] = text;
        foreach (var path in Usual.Keys.Where(p => p.StartsWith("certs/", StringComparison.Ordinal))) all["environments/../" + path] = Usual[path];
        var source = SourceFiles.InMemory(
            all,
            Variables,
            path => path.Contains("open-to-others", StringComparison.Ordinal) ? (UnixFileMode)0b110_100_100 : (UnixFileMode)0b110_000_000);
        return DeclarationReader.Read(File, source, Now, PolicyCatalog.AfterRoute, environment);
    }

    public static Reading ReadGolden(string name) => Read(Golden.Read(Folder, name).Files(File));

    private static Dictionary<string, string> MakeUsual()
    {
        var files = new Dictionary<string, string>
        {
            ["keys/pepper"] = "0123456789abcdef0123456789abcdef\n",
            ["keys/open-to-others"] = "0123456789abcdef0123456789abcdef\n",
            ["keys/short"] = "0123456789abcdef\n",
            ["keys/customers.json"] = $$"""{"keys":[{{PublicKey}}]}""",
            ["keys/copied.json"] = $$"""{"keys":[{{PublicKey.Replace("\"ec\"", "\"copy\"", StringComparison.Ordinal)}}]}""",
            ["keys/weak.json"] = $$"""{"keys":[{{PublicKey}},{{OddKeys}}]}""",
            ["keys/none.json"] = """{"keys":[]}""",
        };
        AddAssertionKeys(files);
        AddCertificate(files, "certs/edge", Now.AddYears(1));
        AddCertificate(files, "certs/soon", Now.AddDays(10));
        files["certs/other.key"] = Pem(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        using var partners = TestAuthority.Root("partners", Now);
        using var issuing = partners.Intermediate("issuing");
        using var others = TestAuthority.Root("others", Now, until: Now.AddDays(9));
        files["certs/partner-ca.pem"] = partners.Pem;
        files["certs/issuing-ca.pem"] = issuing.Pem;
        files["certs/other-ca.pem"] = others.Pem;
        files["certs/partner.crl"] = PemEncoding.WriteString("X509 CRL", partners.List());
        files["certs/other.crl"] = PemEncoding.WriteString("X509 CRL", others.List());
        files["certs/stale.crl"] =
            PemEncoding.WriteString("X509 CRL", partners.List(new TestList { From = TimeSpan.FromDays(-9), Until = TimeSpan.FromDays(-2) }));
        files["certs/open-to-others.key"] = files["certs/edge.key"];
        return files;
    }

    private static void AddAssertionKeys(Dictionary<string, string> files)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        files["keys/assert-2026.pem"] = files["keys/audit.pem"] = files["keys/open-to-others.pem"] = Pem(key);
        files["keys/public.pem"] = key.ExportSubjectPublicKeyInfoPem();
        files["keys/assert-rsa.pem"] = rsa.ExportPkcs8PrivateKeyPem();
        files["keys/p384.pem"] = Pem(ECDsa.Create(ECCurve.NamedCurves.nistP384));
        files["keys/short-rsa.pem"] = RSA.Create(1024).ExportPkcs8PrivateKeyPem();
    }

    private static void AddCertificate(Dictionary<string, string> files, string path, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=edge", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddDays(-1), end);
        files[path + ".pem"] = certificate.ExportCertificatePem();
        files[path + ".key"] = Pem(key);
    }

    private static string Pem(ECDsa key) => key.ExportPkcs8PrivateKeyPem();
}
