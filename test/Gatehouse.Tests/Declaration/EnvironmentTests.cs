using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Policies.Limits;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

/// <summary>The files of environments: the declaration of <c>right-include</c>, and what <c>environments/test.yaml</c> says beside it.</summary>
public sealed class EnvironmentTests
{
    private const string Path = "environments/test.yaml";

    private const string Everything =
        """
        listeners:
          edge: { address: "127.0.0.1:18080", hosts: [api.test.example], tls: { certificate: ../certs/edge.pem, key: ../certs/edge.key } }
        administration: { address: "127.0.0.1:19900" }
        log: { access: ../logs/test.log }
        upstreams:
          stock: { destinations: ["http://127.0.0.1:15101", "http://127.0.0.1:15102"] }
        apis:
          stock:
            limits: [ { per: consumer, allow: 30, every: 1m } ]
            routes:
              get-stock: { limits: [ { per: consumer, allow: 10, every: 1m }, { name: slow, per: all, allow: 100, every: 1m } ] }
        """;

    private static readonly Dictionary<string, string> Files = Golden.Read(Declarations.Folder, "right-include").Files(Declarations.File);

    [Fact]
    public void Says_where_things_are_and_tightens_limits()
    {
        var definition = Read(Everything).Definition!;
        Assert.Equal("test", definition.Environment);
        var edge = definition.Listeners.Single(l => l.Name == "edge");
        Assert.Equal(IPEndPoint.Parse("127.0.0.1:18080"), edge.Address);
        Assert.Equal(["api.test.example"], edge.Hosts);
        Assert.Equal("environments/../certs/edge.pem", edge.Tls!.Certificate);
        Assert.Equal(19900, definition.Administration.Address.Port);
        Assert.Equal("environments/../logs/test.log", definition.AccessLog);
        Assert.Equal(2, definition.Upstreams["stock"].Destinations.Count);
        var limits = ((LimitsSpec)definition.Routes.Single(r => r.Id.Value == "stock/get-stock").Specs[LimitsKind.KindName]).Limits;
        Assert.Equal([("consumer", 10), ("slow", 100)], limits.Select(l => (l.Name, l.Allow)));
    }

    [Fact]
    [Control("MTL-4", "one file that is named in two ways")]
    public void A_file_of_authorities_is_the_same_from_an_environment()
    {
        var files = Golden.Read(Declarations.Folder, "right-consumer-certificate").Files(Declarations.File);
        files[Path] =
            """
            listeners:
              edge:
                tls:
                  certificate: ../certs/edge.pem
                  key: ../certs/edge.key
                  clientAuthorities: [../certs/partner-ca.pem, ../certs/issuing-ca.pem]
                  revocation: { lists: [../certs/partner.crl] }
            """;
        var reading = Declarations.Read(files, "test");
        Assert.DoesNotContain(reading.Findings, f => f.ToString().Contains("clientAuthorities", StringComparison.Ordinal));
        Assert.NotNull(reading.Definition);
    }

    [Fact]
    [Control("CFG-10", "an environment's file, of client certificates")]
    public void What_it_does_not_say_of_tls_stays_as_it_is_declared()
    {
        var tls = TlsWith("tls: { certificate: ../certs/soon.pem, key: ../certs/soon.key }");
        Assert.Equal(("environments/../certs/soon.pem", "environments/../certs/soon.key"), (tls.Certificate, tls.Key));
        Assert.Equal(["certs/partner-ca.pem", "certs/issuing-ca.pem"], tls.Clients!.Files);
        Assert.Equal(["certs/partner.crl"], tls.Clients.ListFiles);
        Assert.Equal(["http://ca.partner.example/issuing.crl"], tls.Clients.ListAddresses);
        Assert.Equal(TimeSpan.Zero, tls.Hsts);
    }

    [Fact]
    public void Says_where_authorities_and_revocation_lists_are()
    {
        var tls = TlsWith("tls: { clientAuthorities: [../certs/partner-ca.pem], revocation: { lists: [../certs/partner.crl] } }");
        Assert.Equal("certs/edge.pem", tls.Certificate);
        Assert.Equal(["environments/../certs/partner-ca.pem"], tls.Clients!.Files);
        Assert.Equal((1, 0), (tls.Clients.ListFiles.Count, tls.Clients.ListAddresses.Count));
        Assert.Equal(TimeSpan.FromMinutes(5), tls.Clients.Refresh);
    }

    [Fact]
    public void Says_where_the_database_is()
    {
        var files = Golden.Read(Declarations.Folder, "right-register-postgres").Files(Declarations.File);
        files[Path] = "stores: { postgres: { connection: \"file:db\" } }";
        files["environments/db"] = "Host=10.0.9.9;Database=gatehouse;Username=gatehouse";
        var definition = Declarations.Read(files, "test").Definition!;
        Assert.Equal(("10.0.9.9", 5432, true), (definition.Postgres!.Host, definition.Postgres.Port, definition.Postgres.Tls));
        Assert.Equal("front-door/test", definition.Register!.Gateway);
    }

    [Fact]
    public void Changes_what_is_served_and_so_the_fingerprint()
    {
        var without = Declarations.Read(Files).Definition!;
        Assert.NotEqual(without.Fingerprint, Read("log: { access: stdout }").Definition!.Fingerprint);
        Assert.Equal(Read("log: { access: stdout }").Definition!.Fingerprint, Read("# the same\nlog:\n  access: \"stdout\"").Definition!.Fingerprint);
    }

    [Fact]
    public void Tightens_the_limits_of_every_route_of_an_api_in_an_included_file()
    {
        var definition = Read("apis: { prices: { limits: [ { per: all, allow: 1, every: 1h, name: few } ] } }").Definition!;
        Assert.All(definition.Routes.Where(r => r.Id.Value.StartsWith("prices/", StringComparison.Ordinal)),
            r => Assert.Contains(((LimitsSpec)r.Specs[LimitsKind.KindName]).Limits, l => l is { Name: "few", Allow: 1 }));
    }

    [Fact]
    public void Adds_quotas_and_the_place_to_keep_them_and_makes_windows_slide()
    {
        var definition = Read(
            """
            stores: { sqlite: ../test.db }
            apis: { stock: { limits: [ { per: consumer, allow: 60, every: 1m, window: sliding } ], quotas: [ { per: api, allow: 9, every: day } ] } }
            """).Definition!;
        Assert.Equal("environments/../test.db", definition.QuotaFile);
        var spec = (LimitsSpec)definition.Routes.Single(r => r.Id.Value == "stock/get-stock").Specs[LimitsKind.KindName];
        Assert.Equal((LimitForm.Sliding, LimitForm.Day), (spec.Limits.Single().Form, spec.Quotas.Single().Form));
    }

    [Theory]
    [InlineData("consumers: { thief: { kind: service } }", "1:1 error GH2040 'consumers' may not stand in an environment")]
    [InlineData("include: [ { file: more.yaml } ]", "1:1 error GH2040 'include' may not stand in an environment")]
    [InlineData("gateway: { owner: me }", "1:1 error GH2040 'gateway' may not stand in an environment")]
    [InlineData("keys: { pepper: \"env:PEPPER\" }", "1:1 error GH2040 'keys' may not stand in an environment")]
    [InlineData("listeners: { edge: { serves: [internal] } }", "1:22 error GH2040 'serves' may not stand in a listener of an environment")]
    [InlineData("listeners: { edge: { networks: [10.0.0.0/8] } }", "1:22 error GH2040 'networks' may not stand in a listener of an environment")]
    [InlineData("listeners: { edge: { tls: { hsts: 0s } } }", "1:29 error GH2040 'hsts' may not stand in the tls of an environment")]
    [InlineData(
        "listeners: { edge: { tls: { revocation: { lists: [a.crl], whenStale: deny } } } }",
        "1:59 error GH2040 'whenStale' may not stand in the revocation of an environment")]
    [InlineData("listeners: { edge: { tls: { clientAuthorities: [] } } }", "1:48 error GH2006 a list of 1 to 20 entries is needed here")]
    [InlineData("listeners: { edg: { address: \"127.0.0.1:1\" } }", "1:14 error GH2008 there is no listener 'edg'; did you mean 'edge'?")]
    [InlineData("health: { address: \"127.0.0.1:19901\" }", "1:1 error GH2040 the declaration has no 'health'")]
    [InlineData("upstreams: { stock: { timeouts: { head: 1h } } }", "1:23 error GH2040 'timeouts' may not stand in an upstream of an environment")]
    [InlineData(
        "upstreams: { stok: { destinations: [\"http://127.0.0.1:1\"] } }",
        "1:14 error GH2008 there is no upstream 'stok'; did you mean 'stock'?")]
    [InlineData("apis: { stock: { routes: { new: { match: GET /new } } } }", "1:35 error GH2040 'match' may not stand in a route of an environment")]
    [InlineData(
        "apis: { stock: { routes: { new: { limits: [ { per: all, allow: 1, every: 1h } ] } } } }",
        "1:28 error GH2008 there is no route 'new'")]
    [InlineData(
        "apis: { stock: { routes: { get-stock: { access: { anonymous: why not } } } } }",
        "1:41 error GH2040 'access' may not stand in a route of an environment")]
    [InlineData("apis: { stock: { each: { exposure: public } } }", "1:18 error GH2040 'each' may not stand in an api of an environment")]
    [InlineData("apis: { stok: { limits: [] } }", "1:9 error GH2008 there is no api 'stok'; did you mean 'stock'?")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, allow: 61, every: 1m } ] } }",
        "1:52 error GH2040 this is looser than the declared limit 'consumer': 61 every 1m against 60 every 1m")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, allow: 59, every: 30s } ] } }",
        "1:52 error GH2040 this is looser than the declared limit 'consumer': 59 every 30s against 60 every 1m")]
    [InlineData(
        "apis: { stock: { limits: [ { per: address, name: consumer, allow: 1, every: 1m } ] } }",
        "1:67 error GH2040 this counts other calls together than the declared limit 'consumer'")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, allow: 60, every: 1m, report: only } ] } }",
        "1:52 error GH2040 this is looser than the declared limit 'consumer': 60 every 1m that are only reported against 60 every 1m")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, atOnce: 1, name: consumer } ] } }",
        "1:53 error GH2040 this counts in another way than the declared limit 'consumer'")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, across: api, allow: 6, every: 1m } ] } }",
        "1:65 error GH2040 this counts other calls together than the declared limit 'consumer'")]
    [InlineData(
        "apis: { stock: { quotas: [ { per: consumer, allow: 6, every: day } ] } }",
        "1:52 error GH2008 route stock/get-stock has a quota, and the declaration names no file to keep it in")]
    [InlineData("apis: { stock: { cost: 1 } }", "1:18 error GH2040 'cost' may not stand in an api of an environment")]
    [InlineData(
        "apis: { stock: { limits: [ { per: consumer, allow: 9, every: 1m }, { per: consumer, allow: 8, every: 1m } ] } }",
        "1:92 error GH2003 two limits of this environment are named 'consumer'")]
    [InlineData("apis: { stock: { limits: [ { per: consumer, allow: lots, every: 1m } ] } }", "1:52 error GH2006 'lots' is not a whole number")]
    [InlineData("listeners: { edge: { address: \"0.0.0.0:8080\" } }", "1:31 error GH1051")]
    [InlineData(
        "listeners: { edge: { adress: \"127.0.0.1:8080\" } }",
        "1:22 error GH2004 unknown key 'adress' in a listener of an environment; did you mean 'address'?")]
    [InlineData("- listeners", "1:1 error GH2006 an environment must be a map, not a list")]
    [InlineData("listeners: [edge]", "1:12 error GH2006 a map from name to its entry is needed here")]
    public void Says_at_its_line_what_an_environment_may_not_say(string text, string said)
    {
        var reading = Read(text);
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f => f.ToString().StartsWith($"{Path}:{said}", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_schema_takes_what_it_may_say_and_nothing_else()
    {
        var schema = new SchemaCheck(JsonNode.Parse(DeclarationSchema.EnvironmentDocument(PolicyCatalog.AfterRoute).ToJsonString())!.AsObject());
        Assert.Empty(schema.Faults(YamlReader.Read(Path, Everything, new Findings())!));
        foreach (var wrong in (string[])[
            "consumers: {}",
            "listeners: { edge: { serves: [internal] } }",
            "listeners: { edge: { tls: { hsts: 1h } } }",
            "apis: { stock: { each: {} } }",
            "issuers: { customers: { revoked: [] } }",
        ])
            Assert.NotEmpty(schema.Faults(YamlReader.Read(Path, wrong, new Findings())!));
    }

    [Fact]
    public void Has_to_be_there_when_it_is_asked_for()
    {
        var reading = Read(null);
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f => f.Rule == Rules.NoFile && f.Place.File == Path);
        Assert.Contains(Path, reading.Digests); // so that it is looked for again
    }

    /// <summary>The tls of a listener that asks for client certificates, when an environment says this of the listener.</summary>
    private static TlsFiles TlsWith(string environment)
    {
        var files = Golden.Read(Declarations.Folder, "right-client-certificates").Files(Declarations.File);
        files[Declarations.File] = files[Declarations.File].Replace("clientAuthorities:", "hsts: 0s, clientAuthorities:", StringComparison.Ordinal);
        files[Path] = $"listeners: {{ edge: {{ {environment} }} }}\n";
        return Declarations.Read(files, "test").Definition!.Listeners.Single().Tls!;
    }

    private static Reading Read(string? environment)
    {
        var files = new Dictionary<string, string>(Files);
        if (environment is not null) files[Path] = environment + "\n";
        return Declarations.Read(files, "test");
    }
}
