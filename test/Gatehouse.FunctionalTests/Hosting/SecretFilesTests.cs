using Gatehouse.Consumers;
using Gatehouse.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>What others of the same machine may not read, and what nobody reads anywhere else.</summary>
public sealed class SecretFilesTests : IDisposable
{
    private const string Pepper = "pepper-canary-0123456789abcdef-0123456789abcdef";
    private const string ClientSecret = "client-canary-0123456789abcdef";

    private readonly TestCertificates _certificates = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("pepper")]
    [InlineData("secret")]
    [InlineData("edge.key")]
    [InlineData("assert.pem")]
    [Control("SEC-3", "files that others can read or change: at the start and at a reload")]
    public async Task A_secret_that_others_can_read_keeps_the_gateway_from_starting_and_from_reloading(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no modes there");
        await using var upstream = await FakeUpstream.StartAsync();
        var (text, files) = (Declaration(upstream), Files());
        foreach (var mode in (UnixFileMode[])[UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite])
        {
            await using var gateway = await TestGateway.StartAsync(text, files);
            var path = Path.Combine(gateway.Folder, file);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | mode);
            var reload = await gateway.ReloadAsync(text.Replace("testing", "testing again", StringComparison.Ordinal), Cancel);
            Assert.Equal(ActivationOutcome.Refused, reload.Outcome);
            Assert.Contains(reload.Findings, f => f.IsError && f.Rule.Id == "GH1042");
            var again = new GatewayOptions { DeclarationPath = Path.Combine(gateway.Folder, "gatehouse.yaml"), Events = TextWriter.Null };
            var refused = await Assert.ThrowsAsync<GatewayStartException>(() => GatewayHost.StartAsync(again, Cancel));
            Assert.Contains(refused.Findings, f => f.IsError && f.Rule.Id == "GH1042");
        }
    }

    [Fact]
    [Control("SEC-2", "the access log, what the operator reads, the metrics, the administration, and refusals")]
    public async Task No_secret_is_in_anything_that_the_gateway_says()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var files = Files();
        await using var gateway = await TestGateway.StartAsync(Declaration(upstream), files);
        var client = gateway.Client("edge", _certificates.Authority);
        var said = new List<string>();
        foreach (var key in (string?[])[null, "nonsense", ApiKeyText.Create().Key])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/things/1");
            if (key is not null) request.Headers.Add("X-Api-Key", key);
            using var answer = await client.SendAsync(request, Cancel);
            said.Add($"{answer.StatusCode} {answer.Headers} {await answer.Content.ReadAsStringAsync(Cancel)}");
        }

        using var token = new HttpRequestMessage(HttpMethod.Get, "/things/1");
        token.Headers.TryAddWithoutValidation("Authorization", "Bearer opaque-token-of-somebody");
        said.Add((await client.SendAsync(token, Cancel)).ToString());
        await gateway.ReloadAsync(Declaration(upstream).Replace("keys:", "kyes:", StringComparison.Ordinal), Cancel);
        foreach (var page in (string[])["/livez", "/readyz", "/metrics"]) said.Add(await gateway.Administration.GetStringAsync(page, Cancel));
        said.AddRange((await gateway.AccessLog.RecordsAsync(4, Cancel)).Select(r => r.ToJsonString()));
        said.Add(gateway.Events);
        var everything = string.Join('\n', said);
        Assert.Contains("kyes", everything, StringComparison.Ordinal);
        foreach (var secret in (string[])["canary", .. files["edge.key"].Split('\n')[1..3], .. files["assert.pem"].Split('\n')[1..3]])
            Assert.DoesNotContain(secret, everything, StringComparison.Ordinal);
        Assert.All(upstream.Requests, r => Assert.DoesNotContain(r.Headers, h => h.Value.Contains("canary", StringComparison.Ordinal)));
    }

    private Dictionary<string, string> Files()
    {
        var own = _certificates.Issue("localhost");
        return new()
        {
            ["pepper"] = Pepper,
            ["secret"] = ClientSecret,
            ["edge.pem"] = File.ReadAllText(own.CertificateFile),
            ["edge.key"] = File.ReadAllText(own.KeyFile),
            ["assert.pem"] = Assertions.Vouching.NewKey(),
        };
    }

    private static string Declaration(FakeUpstream upstream) =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public], tls: { certificate: edge.pem, key: edge.key } }
        administration: { address: "127.0.0.1:0" }
        keys: { pepper: "file:pepper" }
        assertions: { issuer: "https://gateway.in.retailer.example", keys: [ "file:assert.pem" ] }
        issuers:
          asked:
            issuer: "https://id.retailer.example"
            audiences: [retailer-apis]
            introspection: { endpoint: "{{upstream.Address}}introspect", clientId: gateway, secret: "file:secret" }
            hosts: [127.0.0.1]
        upstreams:
          things: { destinations: ["{{upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@retailer.example
            purpose: For testing
            upstream: things
            routes:
              get-thing:
                match: GET /things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;
}
