using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Certificates;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Certificates;

/// <summary>A zoo of certificates, and what is said of each.</summary>
public sealed class ClientTrustTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly TestAuthority _root = TestAuthority.Root("partners", Now);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Takes_a_good_certificate_and_says_what_is_in_it()
    {
        using var leaf = _root.Issue(new TestClient { Names = ["dns:freight.acme.example", "uri:spiffe://acme.example/freight"] });
        var verdict = Judge(leaf);
        Assert.Null(verdict.Fault);
        var certificate = verdict.Certificate!;
        Assert.Equal(["dns:freight.acme.example", "uri:spiffe://acme.example/freight"], certificate.Names);
        Assert.Equal(leaf.SerialNumber.TrimStart('0'), certificate.Serial.TrimStart('0'), ignoreCase: true);
        Assert.Matches("^sha256:[A-Za-z0-9_-]{43}$", certificate.SpkiDigest);
        Assert.Matches("^[A-Za-z0-9_-]{43}$", certificate.Thumbprint);
        Assert.Equal(leaf.NotAfter.ToUniversalTime(), certificate.Expires.UtcDateTime);
        Assert.Equal(leaf.NotAfter.ToUniversalTime(), verdict.GoodUntil.UtcDateTime);
    }

    [Fact]
    public void Takes_one_whose_intermediate_the_client_sends_or_the_file_has()
    {
        using var intermediate = _root.Intermediate("issuing");
        using var leaf = intermediate.Issue(new TestClient());
        Assert.Null(Judge(leaf, [intermediate.Certificate]).Fault);
        Assert.Null(Trust([_root, intermediate]).Judge(Presented(leaf), Now).Fault);
        Assert.Equal("no pinned authority vouches for it", Judge(leaf).Fault);
    }

    [Fact]
    [Control("MTL-4", "which of the authorities has vouched for it")]
    public void Says_which_of_the_pinned_authorities_vouch_for_it()
    {
        using var other = TestAuthority.Root("couriers", Now);
        using var intermediate = _root.Intermediate("issuing");
        var trust = new ClientTrust(new TrustedClients(new ClientAuthorities(["acme.pem", "issuing.pem", "brook.pem"]),
            [new("acme.pem", [_root.Certificate]), new("issuing.pem", [intermediate.Certificate]), new("brook.pem", [other.Certificate])], []),
            new FetchedLists(Now));
        using var direct = _root.Issue(new TestClient());
        using var below = intermediate.Issue(new TestClient());
        using var others = other.Issue(new TestClient());
        Assert.Equal(["acme.pem"], trust.Judge(Presented(direct), Now).Certificate!.Authorities);
        Assert.Equal(["acme.pem", "issuing.pem"], trust.Judge(Presented(below), Now).Certificate!.Authorities);
        Assert.Equal(["brook.pem"], trust.Judge(Presented(others), Now).Certificate!.Authorities);
    }

    [Fact]
    [Control("MTL-1")]
    public void Refuses_whoever_no_pinned_authority_vouches_for()
    {
        using var twin = TestAuthority.Root("partners", Now); // of the same name, with another key
        using var leaf = twin.Issue(new TestClient());
        Assert.NotNull(Judge(leaf).Fault);
        Assert.NotNull(Judge(leaf, [twin.Certificate]).Fault);
        Assert.Null(Trust([twin]).Judge(Presented(leaf), Now).Fault);
        using var alone = _root.Issue(new TestClient { SelfSigned = true });
        Assert.Equal("no pinned authority vouches for it", Judge(alone).Fault);
        using var otherName = TestAuthority.Root("public", Now);
        using var stranger = otherName.Issue(new TestClient());
        Assert.Equal("no pinned authority vouches for it", Judge(stranger, [otherName.Certificate]).Fault);
    }

    [Fact]
    [Control("MTL-1")]
    public void The_systems_roots_never_count()
    {
        Assert.Equal(X509ChainTrustMode.CustomRootTrust, Trust([_root]).Policy(Now).TrustMode);
        Assert.Equal([_root.Certificate.Thumbprint], Trust([_root]).Policy(Now).CustomTrustStore.Select(c => c.Thumbprint));
        Assert.True(Trust([_root]).Policy(Now).DisableCertificateDownloads);
    }

    [Fact]
    [Control("MTL-2")]
    public void Refuses_what_is_not_valid_now()
    {
        const string fault = "a certificate of the chain is not valid now";
        using var expired = _root.Issue(new TestClient { From = TimeSpan.FromDays(-9), Until = TimeSpan.FromSeconds(-1) });
        using var early = _root.Issue(new TestClient { From = TimeSpan.FromMinutes(1) });
        Assert.Equal((fault, fault), (Judge(expired).Fault, Judge(early).Fault));
        using var ended = _root.Intermediate("ended", until: Now.AddSeconds(-1));
        using var leaf = ended.Issue(new TestClient());
        Assert.Equal(fault, Judge(leaf, [ended.Certificate]).Fault);
    }

    public static TheoryData<string> NotForClients => ["server", "none", "any", "authority", "signs", "agrees"];

    [Theory]
    [MemberData(nameof(NotForClients))]
    [Control("MTL-3")]
    public void Refuses_what_is_not_a_clients_certificate(string kind)
    {
        using var leaf = _root.Issue(kind switch
        {
            "server" => new TestClient { Purposes = [TestAuthority.ForServers] },
            "none" => new TestClient { Purposes = [] },
            "any" => new TestClient { Purposes = ["2.5.29.37.0"] },
            "authority" => new TestClient { IsAuthority = true },
            "signs" => new TestClient { Change = r => r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true)) },
            _ => new TestClient { Change = r => r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.NonRepudiation, true)) },
        });
        Assert.NotNull(Judge(leaf).Fault);
    }

    [Fact]
    [Control("MTL-8")]
    public void Refuses_chains_that_do_what_they_may_not()
    {
        using var shortOne = _root.Intermediate("short", pathLength: 0);
        using var below = shortOne.Intermediate("below");
        using var tooDeep = below.Issue(new TestClient());
        Assert.NotNull(Judge(tooDeep, [below.Certificate, shortOne.Certificate]).Fault);

        using var noAuthority = _root.Intermediate("leaf that signs", isAuthority: false);
        using var issuedByLeaf = noAuthority.Issue(new TestClient());
        Assert.NotNull(Judge(issuedByLeaf, [noAuthority.Certificate]).Fault);

        using var bound = _root.Intermediate("bound", change: r => r.CertificateExtensions.Add(OnlyNamesBelow("acme.example")));
        using var inside = bound.Issue(new TestClient());
        using var outside = bound.Issue(new TestClient { Names = ["dns:freight.acme.example.evil.example"] });
        Assert.Null(Judge(inside, [bound.Certificate]).Fault);
        Assert.Equal("its authority may not vouch for its names", Judge(outside, [bound.Certificate]).Fault);

        using var unknown = _root.Issue(new TestClient
        {
            Change = r => r.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.99999.1", [0x05, 0x00], critical: true)),
        });
        Assert.Equal("a certificate of the chain says something critical that is not known", Judge(unknown).Fault);
    }

    [Fact]
    [Control("MTL-8")]
    public void Refuses_weak_keys_and_signatures()
    {
        using var small = RSA.Create(1024);
        using var weakKey = _root.Issue(new TestClient { Key = small });
        Assert.NotNull(Judge(weakKey).Fault);
        using var large = RSA.Create(2048);
        using var goodKey = _root.Issue(new TestClient { Key = large });
        Assert.Null(Judge(goodKey).Fault);
        using var root = TestAuthority.Root("rsa", Now, large);
        using var sha1 = root.Issue(new TestClient { Hash = HashAlgorithmName.SHA1 });
        Assert.NotNull(Trust([root]).Judge(Presented(sha1), Now).Fault);
        Assert.NotNull(CertificateStrength.FaultOfSignature(sha1));
        Assert.NotNull(CertificateStrength.FaultOfKey(weakKey));
        using var smallRoot = TestAuthority.Root("small", Now, small);
        using var below = smallRoot.Issue(new TestClient());
        Assert.NotNull(Trust([smallRoot]).Judge(Presented(below), Now).Fault);
    }

    [Fact]
    [Control("MTL-4", "names are read exactly")]
    public void Refuses_names_that_are_not_plain_text()
    {
        using var hidden = _root.Issue(new TestClient
        {
            Names = [],
            Change = r => r.CertificateExtensions.Add(NameOf("freight.acme.example\0.evil.example")),
        });
        Assert.Equal("its names are not plain text", Judge(hidden).Fault);
        using var common = _root.Issue(new TestClient { Name = "freight.acme.example", Names = [] });
        Assert.Empty(Judge(common).Certificate!.Names); // the subject names nobody
    }

    private static X509Extension NameOf(string dns)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteCharacterString(
                UniversalTagNumber.IA5String, dns, new Asn1Tag(TagClass.ContextSpecific, 2));
        return new X509Extension("2.5.29.17", writer.Encode(), false);
    }

    /// <summary>RFC 5280 section 4.2.1.10.</summary>
    private static X509Extension OnlyNamesBelow(string domain)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        using (writer.PushSequence())
            writer.WriteCharacterString(
                UniversalTagNumber.IA5String, domain, new Asn1Tag(TagClass.ContextSpecific, 2));
        return new X509Extension("2.5.29.30", writer.Encode(), true);
    }

    private static PresentedCertificate Presented(X509Certificate2 leaf, IReadOnlyList<X509Certificate2>? others = null) =>
        new(leaf.RawData, [.. (others ?? []).Select(o => o.RawData)]) { Serial = "", SpkiDigest = "" };

    private static ClientTrust Trust(IReadOnlyList<TestAuthority> authorities) => new(
        new TrustedClients(new ClientAuthorities(["ca.pem"]), [new AuthorityFile("ca.pem", [.. authorities.Select(a => a.Certificate)])], []),
        new FetchedLists(Now));

    private TrustVerdict Judge(X509Certificate2 leaf, IReadOnlyList<X509Certificate2>? others = null) =>
        Trust([_root]).Judge(Presented(leaf, others), Now);
}
