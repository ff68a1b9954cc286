using Gatehouse.Declaration;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Declaration;

/// <summary>What a declaration, and an environment's file, say of issuers: the declaration of <c>right-issuers</c>.</summary>
public sealed class IssuersTests
{
    private static readonly Dictionary<string, string> Files = Golden.Read(Declarations.Folder, "right-issuers").Files(Declarations.File);

    [Fact]
    public void Reads_every_key()
    {
        var issuers = Declarations.Read(Files).Definition!.Issuers;
        Assert.Equal(["customers", "partners", "staff", "shops", "old"], issuers.Select(i => i.Name));
        var customers = issuers[0];
        Assert.Equal("https://id.retailer.example", customers.Identifier);
        Assert.Equal(["retailer-apis", "https://api.retailer.example"], customers.Audiences);
        Assert.Equal([SigningAlgorithm.ES256, SigningAlgorithm.RS256, SigningAlgorithm.RS512], customers.Algorithms);
        Assert.Equal(new Uri("https://id.retailer.example/keys"), customers.Keys!.Jwks);
        Assert.Equal((true, "appid", TokenBond.Dpop), (customers.IsProfiled, customers.ClientClaim, customers.Bound));
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromSeconds(10)), (customers.Lifetime, customers.Skew));
        Assert.Equal(
            [(RevokedBy.Token, "0af1"), (RevokedBy.Subject, "anna"), (RevokedBy.Client, "old-shop")],
            customers.Revoked.Select(r => (r.By, r.Value)));
        Assert.True(issuers[1].Keys!.ByDiscovery);
        Assert.NotNull(issuers[2].Keys!.Set);
        Assert.Equal(["127.0.0.1"], issuers[3].Keys!.Hosts);
        var old = issuers[4].Introspection!;
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), "gateway"), (old.Timeout, old.Remember, old.ClientId));
        Assert.Equal("0123456789abcdef0123456789abcdef"u8.ToArray(), old.Secret.Bytes);
        Assert.Null(issuers[4].Keys);
    }

    [Fact]
    public void Lets_an_environment_have_its_own_issuer()
    {
        var definition = Read("""
            issuers:
              customers: { issuer: "https://id.test.example", audiences: [retailer-apis-test], keys: { discovery: true } }
              old: { introspection: { endpoint: "https://old.test.example/i", clientId: gateway, secret: "env:PEPPER" } }
            """).Definition!;
        var customers = definition.Issuers[0];
        Assert.Equal(("https://id.test.example", true), (customers.Identifier, customers.Keys!.ByDiscovery));
        Assert.Equal(["retailer-apis-test"], customers.Audiences);
        Assert.Equal((true, TokenBond.Dpop, 3), (customers.IsProfiled, customers.Bound, customers.Revoked.Count)); // as declared
        var old = definition.Issuers[4].Introspection!;
        Assert.Equal("old.test.example", old.Endpoint.Host);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)), (old.Timeout, old.Remember)); // as declared
    }

    [Fact]
    public void Says_where_a_token_of_another_environment_would_be_good()
    {
        const string said = "error GH1021 tokens of issuer customers for 'retailer-apis' are good in test and in staging; "
            + "issuers: { customers: { audiences: [staging-…] } }, in the environment";
        Assert.Contains("environments/staging.yaml:1:1 " + said, Said("log: { access: stdout }"));
        Assert.Contains("environments/staging.yaml:1:12 " + said, Said("issuers: { customers: { audiences: [a, retailer-apis] } }"));
        Assert.Contains(
            "environments/staging.yaml:1:12 warning GH1021 tokens of issuer customers are for 'retailer-apis' in test and in staging; "
            + "issuers: { customers: { audiences: [staging-…] } }, in the environment",
            Said("issuers: { customers: { issuer: \"https://id.staging.example\" } }"));
        Assert.DoesNotContain(
            Said("issuers: { customers: { audiences: [staging-apis] } }"), f => f.Contains("issuer customers", StringComparison.Ordinal));
        Assert.Empty(Declarations.Read(
            new Dictionary<string, string>(Files) { ["environments/test.yaml"] = "log: { access: stdout }\n" }, "test").Findings); // the same one

        IReadOnlyList<string> Said(string environment) =>
            [.. Declarations.Read(new Dictionary<string, string>(Files) { ["environments/staging.yaml"] = environment + "\n" }, "staging")
                .Findings.Select(f => f.ToString())];
    }

    [Theory]
    [InlineData("issuers: { customers: { revoked: [] } }", "1:25 error GH2040 'revoked' may not stand in an issuer of an environment")]
    [InlineData("issuers: { customers: { lifetime: 24h } }", "1:25 error GH2040 'lifetime' may not stand in an issuer of an environment")]
    [InlineData("issuers: { customers: { algorithms: [ES512] } }", "1:25 error GH2040 'algorithms' may not stand in an issuer of an environment")]
    [InlineData("issuers: { nobody: { audiences: [a] } }", "1:12 error GH2008 there is no issuer 'nobody'")]
    [InlineData(
        "issuers: { customers: { keys: { jwks: \"http://id.test.example/keys\" } } }",
        "1:39 error GH1019 issuer customers would be asked in cleartext at http://id.test.example/keys")]
    public void Lets_an_environment_loosen_nothing(string text, string said)
    {
        var reading = Read(text);
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f => f.ToString().StartsWith($"environments/test.yaml:{said}", StringComparison.Ordinal));
    }

    [Fact]
    public void Watches_a_file_of_keys_and_counts_it_as_part_of_the_declaration()
    {
        var reading = Declarations.Read(Files);
        Assert.Contains("keys/customers.json", reading.Digests);
        using var issuer = new TestIssuer();
        var other = Declarations.Read(new Dictionary<string, string>(Files) { ["keys/customers.json"] = issuer.Jwks() });
        Assert.NotEqual(reading.Definition!.Fingerprint, other.Definition!.Fingerprint);
        Assert.NotEqual(reading.Definition.Issuers[2].Identity, other.Definition.Issuers[2].Identity);
        Assert.Equal(reading.Definition.Issuers[0].Identity, other.Definition.Issuers[0].Identity);
    }

    private static Reading Read(string environment) =>
        Declarations.Read(new Dictionary<string, string>(Files) { ["environments/test.yaml"] = environment + "\n" }, "test");
}
