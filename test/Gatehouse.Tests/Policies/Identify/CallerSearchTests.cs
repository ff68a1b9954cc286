using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Policies.Identify;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using static Gatehouse.Tests.Policies.Identify.Proofs;

namespace Gatehouse.Tests.Policies.Identify;

public sealed class CallerSearchTests
{
    private const string Freight = "dns:freight.acme.example";

    private static readonly ApiKeyCredential Key = new("k7f3abcd", new byte[32], DateTimeOffset.MaxValue, null);
    private static readonly ApiKeyCredential Third = new("third000", new byte[32], DateTimeOffset.MaxValue, null);
    private static readonly ApiKeyCredential Second = new("second00", new byte[32], DateTimeOffset.MaxValue, null);

    private readonly List<PeopleGroup> _people =
    [
        new("customers", "customers", []), new("care", "customers", [new ClaimCondition("roles", ["care", "returns"])]), new("staff", "staff", []),
    ];

    private readonly List<Consumer> _consumers =
    [
        Consumer("shop", Entry(client: "web-shop"), Entry(client: "web-shop", name: "dns:shop.example", from: "192.0.2.0/24")),
        Consumer("freight", Entry(name: Freight, from: "192.0.2.0/24"), Entry(client: "freight", name: Freight), Entry(key: Second, name: Freight)),
        Consumer("sync", Entry(key: Key)),
    ];

    [Fact]
    public void Finds_the_consumer_by_a_token_a_certificate_or_both()
    {
        Assert.Equal(("shop", "token", "tokenid"), Found(token: Token("web-shop")));
        Assert.Equal(("freight", "certificate", "abcdefghijklmnop"), Found(certificate: Certificate(Freight)));
        Assert.Equal(("freight", "token+certificate", "tokenid+abcdefghijklmnop"), Found(token: Token("freight"), certificate: Certificate(Freight)));
        Assert.Equal(("freight", "apiKey+certificate", "second00+abcdefghijklmnop"), Found(key: "second00", certificate: Certificate(Freight)));
        Assert.Equal(("sync", "apiKey", "k7f3abcd"), Found(key: "k7f3abcd"));
    }

    [Theory]
    [InlineData("WEB-SHOP")]
    [InlineData("web-shop ")]
    [InlineData("web-shop-2")]
    [InlineData("web")]
    [InlineData("")]
    [InlineData(null)]
    public void Compares_the_client_of_a_token_character_by_character(string? client) =>
        Assert.Equal("token: of a client that no consumer names", Reason(token: Token(client)));

    [Fact]
    public void The_same_client_of_another_issuer_is_somebody_else() =>
        Assert.Equal("token: of a client that no consumer names", Reason(token: Token("web-shop", issuer: "staff")));

    [Fact]
    [Control("MTL-4", "who may vouch for a name")]
    public void A_name_that_another_authority_vouches_for_is_nobodys()
    {
        var binding = new CertificateBinding("dns:courier.example", null, "couriers.pem");
        _consumers.Add(Consumer("courier", new Authentication(null, null, null, binding)));
        var certificate = Certificate("dns:courier.example");
        Assert.Equal("courier", Found(certificate: certificate with { Authorities = ["x.pem", "couriers.pem"] }).Consumer);
        Assert.Equal("no entry of the consumer names exactly what was presented", Reason(certificate: certificate with { Authorities = ["x.pem"] }));
        Assert.Equal("no entry of the consumer names exactly what was presented", Reason(certificate: certificate with { Authorities = [] }));
    }

    [Theory]
    [InlineData("192.0.2.9", null)]
    [InlineData("192.0.2.66", "from an address that the consumer does not call from")] // denied, although it is allowed
    [InlineData("::ffff:192.0.2.66", "from an address that the consumer does not call from")]
    [InlineData("198.51.100.1", "from an address that the consumer does not call from")]
    [Control("IPX-5", "of a consumer")]
    public void A_consumer_is_none_from_where_it_may_not_call(string client, string? why)
    {
        var deny = new DenyList([new DenyEntry(IPNetwork.Parse("192.0.2.66/32"), null, null, new Place("test.yaml", 1, 1))]);
        var rules = new AddressRules(new Networks([IPNetwork.Parse("192.0.2.0/24")]), deny);
        _consumers.Add(Consumer(rules, "depot", Entry(key: Third), Entry(client: "depot"), Entry(name: "dns:depot.example")));
        foreach (var (key, token, certificate) in ((string?, VerifiedToken?, ClientCertificate?)[])
            [("third000", null, null), (null, Token("depot"), null), (null, null, Certificate("dns:depot.example"))])
        {
            if (why is null) Assert.Equal("depot", Found(key, token, certificate, client).Consumer);
            else Assert.Equal(why, Reason(key, token, certificate, client));
        }
    }

    [Fact]
    [Control("KEY-12", "credentials of different consumers, and kinds that are not declared together")]
    public void Credentials_of_different_consumers_never_combine()
    {
        Assert.Equal("credentials of different consumers", Reason(token: Token("web-shop"), certificate: Certificate(Freight)));
        Assert.Equal("credentials of different consumers", Reason(key: "k7f3abcd", certificate: Certificate(Freight)));
        Assert.Equal("credentials of different consumers", Reason(token: Token("web-shop", bound: true), certificate: Certificate(Freight)));
    }

    [Fact]
    [Control("KEY-12", "credentials of different consumers, and kinds that are not declared together")]
    public void Kinds_that_nobody_declares_together_are_ambiguous()
    {
        Assert.Equal("kinds of credentials that no consumer declares together (ambiguous)", Reason(key: "k7f3abcd", token: Token("web-shop")));
        Assert.False(Search().CouldBeTogether(CredentialKinds.ApiKey | CredentialKinds.Token));
        Assert.False(Search().CouldBeTogether(CredentialKinds.ApiKey | CredentialKinds.Token | CredentialKinds.Certificate));
        Assert.True(Search().CouldBeTogether(CredentialKinds.Token | CredentialKinds.Certificate));
        Assert.True(Search().CouldBeTogether(CredentialKinds.Token));
    }

    [Fact]
    public void Everything_that_an_entry_names_has_to_be_there_and_nothing_else()
    {
        const string none = "no entry of the consumer names exactly what was presented";
        Assert.Equal(none, Reason(key: "second00"));
        Assert.Equal(none, Reason(token: Token("freight")));
        Assert.Equal("certificate: of no consumer", Reason(token: Token("web-shop"), certificate: Certificate("dns:other.example")));
    }

    [Fact]
    [Control("IPX-5", "an address never stands for a credential, nor a credential for an address")]
    public void An_entry_holds_only_from_its_addresses()
    {
        Assert.Equal("from an address that the consumer's entry does not name", Reason(certificate: Certificate(Freight), client: "198.51.100.1"));
        Assert.Equal(("freight", "token+certificate", "tokenid+abcdefghijklmnop"),
            Found(token: Token("freight"), certificate: Certificate(Freight), client: "198.51.100.1"));
    }

    [Fact]
    public void A_certificate_that_the_token_is_bound_to_is_a_part_of_the_token()
    {
        Assert.Equal(("shop", "token", "tokenid"), Found(token: Token("web-shop", bound: true), certificate: Certificate("dns:other.example")));
        Assert.Equal(("shop", "token+certificate", "tokenid+abcdefghijklmnop"), // the entry that names both comes first
            Found(token: Token("web-shop", bound: true), certificate: Certificate("dns:shop.example")));
        Assert.Equal(("shop", "token", "tokenid"),
            Found(token: Token("web-shop", bound: true), certificate: Certificate("dns:shop.example"), client: "198.51.100.1"));
    }

    [Theory]
    [InlineData("dns:freight.acme.example", true)]
    [InlineData("dns:Freight.acme.example", false)]
    [InlineData("dns:freight.acme.example.", false)]
    [InlineData("dns:freight.acme.example.evil.test", false)]
    [InlineData("dns:xfreight.acme.example", false)]
    [InlineData("dns:*.acme.example", false)]
    [InlineData("dns:acme.example", false)]
    [InlineData("uri:freight.acme.example", false)]
    [InlineData("freight.acme.example", false)]
    [InlineData("dns:freight.acme.example\0.evil.test", false)]
    [Control("MTL-4", "the mapping; that a common name is no name is for what reads certificates")]
    public void Only_the_exact_name_of_a_certificate_counts(string name, bool found)
    {
        Assert.Equal(found, Find(certificate: Certificate(name), why: out _) is not null);
        Assert.Equal(found, Find(certificate: Certificate("dns:unrelated.example", name, "uri:spiffe://other/x"), why: out _) is not null);
    }

    [Fact]
    [Control("MTL-4", "the mapping; that a common name is no name is for what reads certificates")]
    public void A_key_is_known_whatever_the_certificate_calls_itself()
    {
        _consumers.Add(Consumer("pinned", Entry(spki: Certificate().SpkiDigest)));
        Assert.Equal(("pinned", "certificate", "abcdefghijklmnop"), Found(certificate: Certificate("dns:unrelated.example")));
        var other = Certificate("dns:unrelated.example") with { SpkiDigest = Certificate().SpkiDigest.ToLowerInvariant() };
        Assert.Equal("certificate: of no consumer", Reason(certificate: other));
    }

    [Fact]
    [Control("MTL-4", "the mapping; that a common name is no name is for what reads certificates")]
    public void A_certificate_of_two_consumers_is_nobodys() =>
        Assert.Equal("certificate: of more than one consumer (ambiguous)", Reason(certificate: Certificate(Freight, "dns:shop.example")));

    [Theory]
    [InlineData("anna", null, "customers")]
    [InlineData("anna", "care", "customers,care")]
    [InlineData("anna", "CARE", "customers")]
    [InlineData("web-shop", "care", null)] // the client for itself
    [InlineData("", "care", null)]
    [InlineData(null, "care", null)]
    public void A_token_speaks_for_a_person_of_declared_people(string? subject, string? role, string? people)
    {
        var caller = Find(token: Token("web-shop", subject, role: role), why: out _)!;
        Assert.Equal(people, caller.PeopleText);
        Assert.Equal(people is null ? null : new Person("customers", subject!), caller.Person);
    }

    [Fact]
    [Control("AZN-1", "a person of no group is not taken for the program")]
    public void A_person_of_no_declared_people_is_a_person_all_the_same()
    {
        _people.Clear();
        var caller = Find(token: Token("web-shop", "anna"), why: out _)!;
        Assert.Equal((new Person("customers", "anna"), 0), (caller.Person, caller.People.Count));
    }

    [Fact]
    [Control("SEC-2", "who a caller is, as text")]
    public void Nothing_of_a_person_is_in_a_text()
    {
        var caller = Find(token: Token("web-shop", "anna-7"), why: out _)!;
        Assert.DoesNotContain("anna", $"{caller.Person}{caller.Person!.Key}{caller.CredentialId}{caller.PeopleText}", StringComparison.Ordinal);
        Assert.NotEqual(caller.Person.Key, new Person("staff", "anna-7").Key);
    }

    [Fact]
    public void A_caller_lasts_as_long_as_the_first_of_its_credentials() // what is said of it to backends ends then too
    {
        var (token, certificate) = (Token("freight"), Certificate(Freight) with { Expires = Token("freight").Expires!.Value.AddDays(-1) });
        Assert.Equal(certificate.Expires, Find(null, token, certificate, "192.0.2.9", out _)!.Expires);
        Assert.Equal(certificate.Expires, Find(certificate: certificate, why: out _)!.Expires);
        Assert.Equal(Token("web-shop").Expires, Find(token: Token("web-shop"), why: out _)!.Expires);
    }

    [Fact]
    public void A_caller_that_is_kept_with_a_token_has_not_the_end_of_a_certificate_that_was_replaced()
    {
        var (search, token, old) = (Search(), Token("freight"), Certificate(Freight) with { Expires = DateTimeOffset.UnixEpoch });
        var renewed = old with { Thumbprint = "another", Expires = old.Expires.AddDays(90) }; // of the same key
        foreach (var certificate in (ClientCertificate[])[old, renewed])
            Assert.Equal(certificate.Expires, search.Find(new GoodCredentials(null, token, certificate), Client, out _, out _)!.Expires);
    }

    [Fact]
    [Control("AZN-3")]
    public void The_scopes_of_a_token_are_cut_down_to_grants_that_are_written()
    {
        Assert.Equal("orders.write stock.read", Scopes(Find(token: Token("web-shop", scopes: "stock.read orders.write"), why: out _)!));
        _consumers[0] = new Consumer
        {
            Id = _consumers[0].Id,
            Kind = ConsumerKind.Application,
            Owner = "o",
            Grants = _consumers[0].Grants,
            BoundsTokens = true,
            Authenticate = _consumers[0].Authenticate,
        };
        Assert.Equal("stock.read", Scopes(Find(token: Token("web-shop", scopes: "stock.read orders.write STOCK.READ"), why: out _)!));
        Assert.Equal("", Scopes(Find(token: Token("web-shop", scopes: "orders.write"), why: out _)!));
    }

    [Fact]
    public void A_credential_that_comes_again_is_the_same_caller_and_costs_no_memory()
    {
        var search = Search();
        var token = Token("web-shop");
        var (certificate, both) = (Certificate(Freight), Token("freight"));
        GoodCredentials[] calls = [new(null, token, null), new(null, null, certificate), new(null, both, certificate)];
        foreach (var call in calls)
        {
            var first = search.Find(call, Client, out _, out _);
            Assert.NotNull(first);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var again = search.Find(call, Client, out _, out _);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Same(first, again);
        }
    }

    [Fact]
    [Control("AZN-6", "what is found by a token or a certificate")]
    public void Nothing_that_was_found_for_an_older_declaration_is_used()
    {
        var (token, certificate) = (Token("web-shop"), Certificate(Freight));
        Assert.NotNull(Search().Find(new GoodCredentials(null, token, null), Client, out _, out _));
        Assert.NotNull(Search().Find(new GoodCredentials(null, null, certificate), Client, out _, out _));
        var old = _consumers[0];
        _consumers[0] = Consumer("renamed", [.. old.Authenticate]);
        Assert.Equal("renamed", Search().Find(new GoodCredentials(null, token, null), Client, out _, out _)?.Consumer.Id.Value);
        _consumers.Clear();
        Assert.Null(Search().Find(new GoodCredentials(null, token, null), Client, out _, out _));
        Assert.Null(Search().Find(new GoodCredentials(null, null, certificate), Client, out _, out _));
    }

    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.9");

    private static string Scopes(Caller caller) => string.Join(' ', caller.Scopes.Select(s => s.Value).Order(StringComparer.Ordinal));

    private ConsumerDirectory Directory() => new(_consumers, _people);

    private CallerSearch Search() => new(Directory(), TimeProvider.System);

    private (string Consumer, string Kind, string Id) Found(
        string? key = null, VerifiedToken? token = null, ClientCertificate? certificate = null, string client = "192.0.2.9")
    {
        var caller = Find(key, token, certificate, client, out var why);
        Assert.True(caller is not null, why);
        return (caller.Consumer.Id.Value, caller.CredentialKind, caller.CredentialId);
    }

    private string? Reason(string? key = null, VerifiedToken? token = null, ClientCertificate? certificate = null, string client = "192.0.2.9")
    {
        Assert.Null(Find(key, token, certificate, client, out var why));
        return why;
    }

    private Caller? Find(VerifiedToken token, out string? why) => Find(null, token, null, "192.0.2.9", out why);

    private Caller? Find(ClientCertificate certificate, out string? why) => Find(null, null, certificate, "192.0.2.9", out why);

    private Caller? Find(string? key, VerifiedToken? token, ClientCertificate? certificate, string client, out string? why)
    {
        var directory = Directory();
        var good = new GoodCredentials(key is null ? null : directory.FindByKeyId(key), token, certificate);
        var caller = new CallerSearch(directory, TimeProvider.System).Find(good, IPAddress.Parse(client), out why, out var ambiguous);
        if (ambiguous) why += " (ambiguous)";
        return caller;
    }
}
