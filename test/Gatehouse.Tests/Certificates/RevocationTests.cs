using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CsCheck;
using Gatehouse.Certificates;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Certificates;

public sealed class RevocationTests : IDisposable
{
    private const string NoList = "there is no current revocation list of its authority";
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly StaleAllowance Allowance = new("the partner's CA moves", "security", Now.AddDays(90), TimeSpan.FromDays(2));
    private readonly TestAuthority _root = TestAuthority.Root("partners", Now);
    private readonly X509Certificate2 _good;
    private readonly X509Certificate2 _revoked;

    public RevocationTests() => (_good, _revoked) = (_root.Issue(new TestClient()), _root.Issue(new TestClient()));

    public void Dispose()
    {
        _good.Dispose();
        _revoked.Dispose();
        _root.Dispose();
    }

    [Fact]
    [Control("MTL-5")]
    public void Refuses_what_the_list_has_and_takes_the_rest()
    {
        var trust = Trust([_root.List(_revoked)]);
        Assert.Equal(("it is revoked", null), (Fault(trust, _revoked), Fault(trust, _good)));
        Assert.Equal(Now.AddDays(1), trust.Judge(Presented(_good), Now).GoodUntil); // then the list is stale, and somebody has to ask again
    }

    [Fact]
    public void Reads_lists_in_text_too()
    {
        var pem = PemEncoding.WriteString("X509 CRL", _root.List(_revoked));
        Assert.True(RevocationList.Read(Encoding.ASCII.GetBytes(pem), out _)!.Revokes(RevocationList.SerialOf(_revoked)));
        Assert.Null(RevocationList.Read(Encoding.ASCII.GetBytes(_root.Pem), out _));
    }

    [Fact]
    [Control("MTL-5")]
    [Control("AVL-3", "revocation lists")]
    public void A_stale_missing_or_foreign_list_is_no_list()
    {
        using var twin = TestAuthority.Root("partners", Now);
        Assert.Equal(NoList, Fault(Trust([_root.List(new TestList { From = TimeSpan.FromDays(-2), Until = TimeSpan.Zero })]), _good));
        Assert.Equal(NoList, Fault(Trust([_root.List(new TestList { From = TimeSpan.FromHours(1) })]), _good));
        Assert.Equal(NoList, Fault(Trust([twin.List()]), _good));
        Assert.Equal(NoList, Fault(Trust([], ["http://127.0.0.1:1/a.crl"]), _good));
    }

    [Fact]
    [Control("MTL-5")]
    public void Every_certificate_on_the_way_is_looked_up()
    {
        using var intermediate = _root.Intermediate("issuing");
        using var leaf = intermediate.Issue(new TestClient());
        var presented = Presented(leaf, intermediate.Certificate);
        Assert.Equal(NoList, Trust([intermediate.List()]).Judge(presented, Now).Fault);
        Assert.Equal(NoList, Trust([_root.List()]).Judge(presented, Now).Fault);
        Assert.Null(Trust([_root.List(), intermediate.List()]).Judge(presented, Now).Fault);
        Assert.Equal("it is revoked", Trust([_root.List(intermediate.Certificate), intermediate.List()]).Judge(presented, Now).Fault);
    }

    [Fact]
    [Control("MTL-5")]
    public void The_newest_list_decides_and_a_stale_one_still_revokes()
    {
        var old = _root.List(new TestList { From = TimeSpan.FromHours(-5) }, _revoked);
        Assert.Null(Fault(Trust([old, _root.List()]), _revoked)); // it was held, and is not any longer
        var stale = _root.List(new TestList { From = TimeSpan.FromDays(-2), Until = TimeSpan.FromDays(-1) }, _revoked);
        Assert.Equal("it is revoked", Fault(Trust([stale], stale: Allowance), _revoked));
    }

    [Fact]
    [Control("MTL-5")]
    public void What_is_allowed_without_a_current_list_has_an_end()
    {
        var stale = _root.List(new TestList { From = TimeSpan.FromDays(-3), Until = TimeSpan.FromDays(-1) });
        var trust = Trust([stale], stale: Allowance);
        var verdict = trust.Judge(Presented(_good), Now);
        Assert.Equal((null, true, Now.AddDays(1)), (verdict.Fault, verdict.Softened, verdict.GoodUntil));
        Assert.NotNull(trust.Judge(Presented(_good), Now.AddDays(1)).Fault);
        Assert.NotNull(Fault(Trust([stale], stale: Allowance with { Until = Now }), _good));
        Assert.Null(Trust([], ["http://127.0.0.1:1/a.crl"], Allowance).Judge(Presented(_good), Now.AddDays(1)).Fault);
        Assert.NotNull(Trust([], ["http://127.0.0.1:1/a.crl"], Allowance).Judge(Presented(_good), Now.AddDays(2)).Fault);
    }

    public static TheoryData<string, string> Unusable => new()
    {
        { "critical", "it says something critical that is not known here" },
        { "critical-entry", "it says something critical that is not known here" },
        { "indirect", "it is a list of a part only" },
        { "difference", "it is a difference to another list" },
        { "endless", "it does not say when the next one comes" },
        { "sha1", "its signature is weaker than SHA-256" },
        { "cut", "it is no revocation list in DER or PEM" },
        { "longer", "it is no revocation list in DER or PEM" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    [Control("MTL-5")]
    public void Does_not_use_lists_that_it_does_not_wholly_understand(string kind, string fault)
    {
        var bytes = kind switch
        {
            "critical" => _root.List(new TestList { Extension = ("1.3.6.1.4.1.99999.1", true) }),
            "critical-entry" => _root.List(new TestList { EntryExtension = ("2.5.29.29", true) }, _revoked),
            "indirect" => _root.List(new TestList { Extension = ("2.5.29.28", true) }),
            "difference" => _root.List(new TestList { Extension = ("2.5.29.27", false) }),
            "endless" => _root.List(new TestList { HasNextUpdate = false }),
            "sha1" => _root.List(new TestList { Sha1 = true }),
            "cut" => _root.List(_revoked)[..^7],
            _ => [.. _root.List(_revoked), 0],
        };
        Assert.Null(RevocationList.Read(bytes, out var said));
        Assert.Equal(fault, said);
    }

    [Fact]
    public void Uses_lists_with_details_that_are_not_critical()
    {
        var detailed = new TestList { Extension = ("2.5.29.20", false), EntryExtension = ("2.5.29.21", false) };
        Assert.True(RevocationList.Read(_root.List(detailed, _revoked), out _)!.Revokes(RevocationList.SerialOf(_revoked)));
    }

    [Fact]
    public void A_changed_list_is_signed_by_nobody()
    {
        var bytes = _root.List(_revoked);
        var serial = _revoked.SerialNumberBytes.ToArray();
        var at = bytes.AsSpan().IndexOf(serial);
        bytes[at + 1] ^= 1;
        var list = RevocationList.Read(bytes, out _)!;
        Assert.False(list.IsSignedBy(_root.Certificate));
        Assert.True(RevocationList.Read(_root.List(_revoked), out _)!.IsSignedBy(_root.Certificate));
    }

    [Fact]
    public void A_fetched_list_is_never_replaced_by_an_older_one()
    {
        var fetched = new FetchedLists(Now);
        var newer = RevocationList.Read(_root.List(_revoked), out _)!;
        fetched.Take("http://ca/a.crl", newer, _root.Certificate);
        var generation = fetched.Generation;
        fetched.Take("http://ca/a.crl", RevocationList.Read(_root.List(new TestList { From = TimeSpan.FromHours(-2) }), out _)!, _root.Certificate);
        Assert.Equal((newer, generation), (Assert.Single(fetched.Find("http://ca/a.crl")), fetched.Generation));
        fetched.KeepOnly(new HashSet<string>());
        Assert.Empty(fetched.Find("http://ca/a.crl"));
    }

    [Fact]
    public void A_fetched_list_is_never_replaced_by_one_of_another_authority()
    {
        using var next = TestAuthority.Root("next", Now);
        using var unlisted = next.Issue(new TestClient());
        var trust = Trust([], ["http://ca/a.crl"], new StaleAllowance("it moves", "o", Now.AddDays(9), TimeSpan.FromDays(9)), next.Certificate);
        foreach (var bytes in (byte[][])[_root.List(_revoked), next.List(new TestList { From = TimeSpan.FromMinutes(-1) })])
        {
            var list = RevocationList.Read(bytes, out _)!;
            trust.Fetched.Take("http://ca/a.crl", list, trust.SignerOf(list, Now)!);
        }

        Assert.Equal(("it is revoked", null, null), (Fault(trust, _revoked), Fault(trust, _good), Fault(trust, unlisted)));
        Assert.False(trust.Judge(Presented(_good), Now).Softened);
    }

    [Fact]
    public void Never_throws()
    {
        var good = _root.List(_revoked);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Byte.Array[0, 200]).Sample((at, change, other) =>
        {
            var changed = good.ToArray();
            changed[at] = change;
            _ = RevocationList.Read(changed, out _)?.IsSignedBy(_root.Certificate);
            return RevocationList.Read(other, out _) is null;
        });
    }

    private static string? Fault(ClientTrust trust, X509Certificate2 leaf) => trust.Judge(Presented(leaf), Now).Fault;

    private static PresentedCertificate Presented(X509Certificate2 leaf, params IReadOnlyList<X509Certificate2> others) =>
        new(leaf.RawData, [.. others.Select(o => o.RawData)]) { Serial = "", SpkiDigest = "" };

    private ClientTrust Trust(
        IReadOnlyList<byte[]> lists, IReadOnlyList<string>? addresses = null, StaleAllowance? stale = null, params X509Certificate2[] more)
    {
        var declared = new ClientAuthorities(["ca.pem"])
        {
            ListFiles = [.. lists.Select((_, i) => $"{i}.crl")],
            ListAddresses = addresses ?? [],
            WhenStale = stale,
        };
        return new ClientTrust(
            new TrustedClients(
                declared, [new AuthorityFile("ca.pem", [_root.Certificate, .. more])], [.. lists.Select(l => RevocationList.Read(l, out _)!)]),
            new FetchedLists(Now));
    }
}
